#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "access/xact.h"
}

namespace pg::detail {

SubtransactionState begin_subtransaction() {
  SubtransactionState const outer{CurrentMemoryContext, CurrentResourceOwner};
  call([&] {
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(outer.context);  // results must outlive the subtransaction
  });
  return outer;
}

void commit_subtransaction(const SubtransactionState& outer) {
  call([&] {
    ReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(outer.context);
    CurrentResourceOwner = outer.owner;
  });
}

void roll_back_subtransaction(const SubtransactionState& outer) {
  call([&] {
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(outer.context);
    CurrentResourceOwner = outer.owner;
  });
}

bool may_be_swallowed(const ServerError& error) {
  int const code = error.data().sqlerrcode;
  return code != ERRCODE_QUERY_CANCELED && code != ERRCODE_ADMIN_SHUTDOWN && code != ERRCODE_CRASH_SHUTDOWN &&
         error.data().elevel < FATAL;
}

}  // namespace pg::detail
