/// pg::call: the only way to call a server function that can fail. A server error (a longjmp) ends inside
/// `call` and continues as a C++ exception, so destructors run.
#pragma once

#include <csetjmp>

#include "server/bridge/pg.hpp"

namespace pg {

/// A server error on its way through C++ frames: SQLSTATE, message, DETAIL, HINT, CONTEXT and the server's
/// file and line, all kept. The data lives in the memory context of the entry point (see guard.hpp) and is
/// freed with the last copy of the exception unless the entry point takes it over.
class ServerError : public std::exception {
 public:
  explicit ServerError(ErrorData* data);
  /// The server's own record of the error; never null.
  const ErrorData& data() const { return *data_; }
  /// The five characters of the SQLSTATE.
  std::string sqlstate() const;
  const char* what() const noexcept override { return data_->message != nullptr ? data_->message : ""; }
  /// Hands the record to the caller, who must re-throw it as a server error; the exception lets go of it.
  ErrorData* take() noexcept { return std::exchange(*owned_, nullptr); }

 private:
  std::shared_ptr<ErrorData*> owned_;
  ErrorData* data_;
};

namespace detail {

/// Context in which errors in flight are kept: the caller's context of the outermost entry point.
extern MemoryContext error_context;

/// Restores the server's handler and error-context stacks when a `call` ends, however it ends.
class HandlerStack {
 public:
  HandlerStack() : handler_(PG_exception_stack), callbacks_(error_context_stack) {}
  ~HandlerStack() { restore(); }
  HandlerStack(const HandlerStack&) = delete;
  HandlerStack& operator=(const HandlerStack&) = delete;
  void restore() const {
    PG_exception_stack = handler_;
    error_context_stack = callbacks_;
  }

 private:
  sigjmp_buf* handler_;
  ErrorContextCallback* callbacks_;
};

/// Copies the pending server error out of the server's stack and throws it as ServerError.
[[noreturn]] void throw_server_error(MemoryContext caller);

}  // namespace detail

/// Runs `fn`, in which the server may raise an error, and returns its result. A server error becomes a
/// ServerError exception; the current memory context is what it was before the call.
/// `fn` must own nothing: captures by reference or plain values, a result that is void or trivially copyable,
/// and no C++ object with a destructor created inside it (it would be jumped over).
template <class Fn>
auto call(Fn&& fn) -> std::invoke_result_t<Fn&> {
  using Result = std::invoke_result_t<Fn&>;
  static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Fn>>, "captures must own nothing");
  static_assert(std::is_void_v<Result> || std::is_trivially_copyable_v<Result>, "result must own nothing");
  MemoryContext const caller = CurrentMemoryContext;
  {
    detail::HandlerStack const saved;
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
      PG_exception_stack = &here;
      return fn();
    }
  }
  detail::throw_server_error(caller);
}

/// Raises a server error from code that runs inside `call` and owns nothing (server callbacks, hook bodies,
/// the plain functions under them). Elsewhere throw deal::Error. `message` is copied; `hint` may be null.
[[noreturn]] void fail_in_call(int sqlerrcode, const char* message, const char* hint = nullptr);

/// Polls for cancel and time limits; throws the server's error when the statement must end.
/// Cheap enough for every turn of a loop.
inline void check_for_interrupts() {
  if (INTERRUPTS_PENDING_CONDITION()) [[unlikely]]
    call([] { ProcessInterrupts(); });
}

}  // namespace pg
