/// Entry points: every function that the server calls is declared with DEAL_FUNCTION; its body may throw
/// anything and never calls ereport. The guard turns what it throws into one clean server error.
#pragma once

#include "server/bridge/arguments.hpp"
#include "server/bridge/call.hpp"
#include "server/bridge/pg.hpp"

namespace pg {

namespace detail {

/// Notes what is known of the exception being handled, in plain bytes that outlive every C++ object. Neither
/// allocates in the server nor jumps.
void describe_current_exception() noexcept;

/// Raises what was noted last as a server error: the only jump in the code base that starts in C++.
[[noreturn]] void raise_described();

/// The state of the server at entry, put back before an error is raised.
struct EntryState {
  MemoryContext context = CurrentMemoryContext;
  sigjmp_buf* handler = PG_exception_stack;
  ErrorContextCallback* callbacks = error_context_stack;
  bool outer_abort_due = abort_due;

  EntryState() { abort_due = false; }
  void leave() const { abort_due = outer_abort_due; }
  void restore() const {
    leave();
    PG_exception_stack = handler;
    error_context_stack = callbacks;
    MemoryContextSwitchTo(context);
  }
};
static_assert(std::is_trivially_destructible_v<EntryState>);

/// Runs the body; true when it returned, false when it threw (then what it threw is described).
template <class Body>
[[gnu::noinline]] bool run(Body& body) {
  try {
    body();
    return true;
  } catch (...) {
    describe_current_exception();
    return false;
  }
}

}  // namespace detail

/// Runs `body` at an entry from the server: what it throws is raised as a server error, after every C++
/// object of the body is gone. For SQL functions, triggers, hooks and workers alike.
template <class Body>
void guard(Body&& body) {
  detail::EntryState const state;
  if (detail::run(body)) {
    state.leave();
    return;
  }
  state.restore();
  detail::raise_described();
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
