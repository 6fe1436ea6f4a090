/// Entry points: every function that the server calls is declared with DEAL_FUNCTION; its body may throw
/// anything and never calls ereport. The guard turns what it throws into one clean server error.
#pragma once

#include "server/bridge/arguments.hpp"
#include "server/bridge/call.hpp"
#include "server/bridge/pg.hpp"

namespace pg {

namespace detail {

/// What is known of an exception once every C++ object is gone: plain bytes, no destructor.
struct Report {
  static constexpr size_t kMessage = 4096;
  ErrorData* server_error;  ///< set when a ServerError arrived: re-thrown as it was
  int sqlerrcode;
  char message[kMessage];
  char detail[kMessage];
  char hint[1024];
};
static_assert(std::is_trivially_destructible_v<Report>);

/// Fills the report from the exception being handled. Neither allocates in the server nor jumps.
void describe_current_exception(Report& report) noexcept;

/// Raises the report as a server error: the only jump in the code base that starts in C++.
[[noreturn]] void raise(const Report& report);

/// The state of the server at entry, put back before an error is raised.
struct EntryState {
  MemoryContext context = CurrentMemoryContext;
  MemoryContext outer_error_context = error_context;
  sigjmp_buf* handler = PG_exception_stack;
  ErrorContextCallback* callbacks = error_context_stack;

  EntryState() { error_context = context; }
  void leave() const { error_context = outer_error_context; }
  void restore() const {
    leave();
    PG_exception_stack = handler;
    error_context_stack = callbacks;
    MemoryContextSwitchTo(context);
  }
};
static_assert(std::is_trivially_destructible_v<EntryState>);

/// Runs the body; true when it returned, false when it threw (then `report` says what).
template <class Body>
[[gnu::noinline]] bool run(Body& body, Report& report) {
  try {
    body();
    return true;
  } catch (...) {
    describe_current_exception(report);
    return false;
  }
}

}  // namespace detail

/// Runs `body` at an entry from the server: what it throws is raised as a server error, after every C++
/// object of the body is gone. For SQL functions, triggers, hooks and workers alike.
template <class Body>
void guard(Body&& body) {
  detail::EntryState const state;
  detail::Report report;
  if (detail::run(body, report)) {
    state.leave();
    return;
  }
  state.restore();
  detail::raise(report);
}

}  // namespace pg

/// Declares and opens the body of one SQL-callable function; `args` gives its arguments.
///   DEAL_FUNCTION(deal_advisor_build_info) { return pg::text_datum("..."); }
#define DEAL_FUNCTION(name)                                                        \
  extern "C" DEAL_EXPORT Datum name(FunctionCallInfo fcinfo);                      \
  extern "C" DEAL_EXPORT const Pg_finfo_record* pg_finfo_##name();                 \
  extern "C" const Pg_finfo_record* pg_finfo_##name() {                            \
    static const Pg_finfo_record record = {1};                                     \
    return &record;                                                                \
  }                                                                                \
  static Datum name##_body(const pg::Arguments& args);                             \
  extern "C" Datum name(FunctionCallInfo fcinfo) {                                 \
    Datum result = 0;                                                              \
    pg::guard([&result, fcinfo] { result = name##_body(pg::Arguments(fcinfo)); }); \
    return result;                                                                 \
  }                                                                                \
  static Datum name##_body([[maybe_unused]] const pg::Arguments& args)
