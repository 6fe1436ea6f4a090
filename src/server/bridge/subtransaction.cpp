#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "access/xact.h"
}

namespace pg::detail {

SubtransactionState begin_subtransaction() {
  SubtransactionState const outer{CurrentMemoryContext, CurrentResourceOwner, abort_due};
  // `call` keeps the current memory context: results must outlive the subtransaction.
  call([] { BeginInternalSubTransaction(nullptr); });
  return outer;
}

void commit_subtransaction(const SubtransactionState& outer) {
  call([&] {
    ReleaseCurrentSubTransaction();
    CurrentResourceOwner = outer.owner;
  });
}

void roll_back_subtransaction(const SubtransactionState& outer) {
  call([&] {
    RollbackAndReleaseCurrentSubTransaction();
    CurrentResourceOwner = outer.owner;
  });
  MemoryContextSwitchTo(outer.context);
  abort_due = outer.abort_due;
}

bool may_be_swallowed(const ServerError& error) {
  int const code = error.data().sqlerrcode;
  return code != ERRCODE_QUERY_CANCELED && code != ERRCODE_ADMIN_SHUTDOWN && code != ERRCODE_CRASH_SHUTDOWN &&
         error.data().elevel < FATAL;
}

}  // namespace pg::detail
