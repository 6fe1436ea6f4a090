#include "server/bridge/call.hpp"

extern "C" {
#include "utils/memutils.h"
}

namespace pg {

namespace {

void free_error_data(ErrorData** owned) {
  if (*owned != nullptr) detail::free_error(*owned);
  delete owned;
}

/// A copy of the error that is being handled, alone in a memory context: no scope that ends while the
/// exception flies takes it along, and freeing the context also frees what FreeErrorData forgets (file and
/// function names).
ErrorData* copy_error() {
  MemoryContextSwitchTo(
      AllocSetContextCreate(TopMemoryContext, "deal_advisor error in flight", ALLOCSET_SMALL_SIZES));
  return CopyErrorData();
}

/// Error context callback: gives the position to `text`, before a caller's callback takes it for its own.
void point_into(void* text) {
  int const position = geterrposition();
  if (position <= 0) return;
  errposition(0);
  internalerrposition(position);
  internalerrquery(static_cast<const char*>(text));
}

}  // namespace

ServerError::ServerError(ErrorData* data) : owned_(new ErrorData*(data), free_error_data), data_(data) {}

std::string ServerError::sqlstate() const {
  return unpack_sql_state(data_->sqlerrcode);
}

void fail_in_call(int sqlerrcode, const char* message, const char* hint) {
  ereport(ERROR,
          (errcode(sqlerrcode), errmsg_internal("%s", message), hint != nullptr ? errhint("%s", hint) : 0));
  pg_unreachable();
}

void warn_in_call(const char* message, const char* hint) {
  ereport(WARNING, (errmsg_internal("%s", message), errhint("%s", hint)));
}

namespace detail {

bool abort_due = false;

TextInHand::TextInHand(const char* text)
    : callback_{error_context_stack, point_into, const_cast<char*>(text)} {
  error_context_stack = &callback_;
}

void free_error(ErrorData* error) {
  MemoryContextDelete(GetMemoryChunkContext(error));
}

void throw_server_error() {
  abort_due = true;
  ErrorData* volatile copy = nullptr;
  {
    CallFrame const frame;
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
      PG_exception_stack = &here;
      copy = copy_error();
    } else {
      frame.hold_interrupts_again();
    }
  }
  FlushErrorState();
  if (copy == nullptr) throw std::bad_alloc();  // copying the error ran out of memory
  throw ServerError(copy);
}

}  // namespace detail

}  // namespace pg
