#include "server/bridge/call.hpp"

namespace pg {

namespace {

void free_error_data(ErrorData** owned) {
  if (*owned != nullptr) FreeErrorData(*owned);  // pfree of valid chunks: cannot fail
  delete owned;
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

namespace detail {

MemoryContext error_context = nullptr;

void throw_server_error(MemoryContext caller) {
  // Not the current context: inside SPI that one dies with the SPI session while the exception still flies.
  MemoryContextSwitchTo(error_context != nullptr ? error_context : caller);
  ErrorData* volatile copy = nullptr;
  {
    HandlerStack const saved;
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
      PG_exception_stack = &here;
      copy = CopyErrorData();
    }
  }
  FlushErrorState();
  MemoryContextSwitchTo(caller);
  if (copy == nullptr) throw std::bad_alloc();  // copying the error ran out of memory
  throw ServerError(copy);
}

}  // namespace detail

}  // namespace pg
