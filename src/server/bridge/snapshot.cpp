#include "server/bridge/snapshot.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/snapmgr.h"
}

namespace pg {

FreshSnapshot::FreshSnapshot() {
  call([] {
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
  });
}

FreshSnapshot::~FreshSnapshot() {
  if (!unwinding_.by_server_error()) PopActiveSnapshot();  // else the abort does
}

LatestSnapshot::LatestSnapshot() {
  call([] { PushActiveSnapshot(GetLatestSnapshot()); });
}

LatestSnapshot::~LatestSnapshot() {
  if (!unwinding_.by_server_error()) PopActiveSnapshot();
}

}  // namespace pg
