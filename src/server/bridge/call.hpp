/// pg::call: the only way to call a server function that can fail. A server error (a longjmp) ends inside
/// `call` and continues as a C++ exception, so destructors run.
#pragma once

#include <csetjmp>

#include "server/bridge/pg.hpp"

namespace pg {

/// A server error on its way through C++ frames: SQLSTATE, message, DETAIL, HINT, CONTEXT and the server's
/// file and line, all kept. The data lives in a memory context of its own and is freed with the last copy of
/// the exception, unless the entry point takes it over.
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

/// True from the moment a server error was caught until a (sub)transaction abort has cleaned up after it:
/// meanwhile destructors must not call the server.
extern bool abort_due;

/// Frees an error that a ServerError let go of. Cannot fail.
void free_error(ErrorData* error);

/// The server's state around a `call`: its handler and error-context stacks and the current memory context
/// are put back when the call ends, however it ends.
class CallFrame {
 public:
  CallFrame() = default;
  ~CallFrame() {
    PG_exception_stack = handler_;
    error_context_stack = callbacks_;
    MemoryContextSwitchTo(context_);
  }
  CallFrame(const CallFrame&) = delete;
  CallFrame& operator=(const CallFrame&) = delete;
  /// A server error forgets that its thrower's callers hold interrupts back; they still do.
  void hold_interrupts_again() const {
    InterruptHoldoffCount = holdoff_;
    QueryCancelHoldoffCount = cancel_holdoff_;
  }

 private:
  sigjmp_buf* handler_ = PG_exception_stack;
  ErrorContextCallback* callbacks_ = error_context_stack;
  MemoryContext context_ = CurrentMemoryContext;
  uint32 holdoff_ = InterruptHoldoffCount;
  uint32 cancel_holdoff_ = QueryCancelHoldoffCount;
};

/// Copies the pending server error out of the server's stack and throws it as ServerError.
[[noreturn]] void throw_server_error();

/// While it lives, the position of a server error counts in `text`, which is not the statement that the
/// client sent but, for one, an argument of it. Positions that somebody nearer to the error has settled stay.
class TextInHand {
 public:
  explicit TextInHand(const char* text);
  ~TextInHand() { error_context_stack = callback_.previous; }
  TextInHand(const TextInHand&) = delete;
  TextInHand& operator=(const TextInHand&) = delete;

 private:
  ErrorContextCallback callback_;
};

/// Tells a destructor whether it runs because of a server error: then it must leave the server alone.
class Unwinding {
 public:
  bool by_server_error() const { return abort_due && std::uncaught_exceptions() > at_construction_; }

 private:
  int at_construction_ = std::uncaught_exceptions();
};

}  // namespace detail

/// Runs `fn`, in which the server may raise an error, and returns its result. A server error becomes a
/// ServerError exception. The current memory context is afterwards what it was before, also where `fn`
/// changed it. `fn` must own nothing: captures by reference or plain values, a result that is void or
/// trivially copyable, and no C++ object with a destructor created inside it (it would be jumped over). Never
/// inlined: a caller's variables must not live in registers that the jump would reset.
template <class Fn>
[[gnu::noinline]] auto call(Fn&& fn) -> std::invoke_result_t<Fn&> {
  using Result = std::invoke_result_t<Fn&>;
  static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Fn>>, "captures must own nothing");
  static_assert(std::is_void_v<Result> || std::is_trivially_copyable_v<Result>, "result must own nothing");
  {
    detail::CallFrame const frame;
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
      PG_exception_stack = &here;
      return fn();
    }
    frame.hold_interrupts_again();
  }
  detail::throw_server_error();
}

/// Runs `fn`, whose errors may point into `text`: neither the client nor a function that called us must take
/// that for its own statement. They come with `internalpos`, and `text` as `internalquery`.
template <class Fn>
auto reading(const std::string& text, Fn&& fn) -> std::invoke_result_t<Fn&> {
  detail::TextInHand const in_hand(text.c_str());
  return fn();
}

/// Raises a server error from code that runs inside `call` and owns nothing (server callbacks, hook bodies,
/// the plain functions under them). Elsewhere throw deal::Error. `message` is copied; `hint` may be null.
[[noreturn]] void fail_in_call(int sqlerrcode, const char* message, const char* hint = nullptr);

/// Sends a WARNING from such code.
void warn_in_call(const char* message, const char* hint);

/// Polls for cancel and time limits; throws the server's error when the statement must end.
/// Cheap enough for every turn of a loop.
inline void check_for_interrupts() {
  if (INTERRUPTS_PENDING_CONDITION()) [[unlikely]]
    call([] { ProcessInterrupts(); });
}

}  // namespace pg
