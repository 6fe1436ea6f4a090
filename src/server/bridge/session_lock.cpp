#include "server/bridge/session_lock.hpp"

extern "C" {
#include "access/xact.h"
#include "storage/lock.h"
}

namespace pg {

namespace {

constexpr uint32 kClass = 0x0DEA1AD8;

LOCKTAG tag_in_force;
bool in_force = false;

void release() {
  if (!in_force) return;
  in_force = false;
  (void)LockRelease(&tag_in_force, ExclusiveLock, true);
}

/// A failing statement skips destructors' server calls: its transaction's abort lets go instead.
extern "C" void release_on_abort(XactEvent event, void*) {
  if (event == XACT_EVENT_ABORT) release();
}

}  // namespace

SessionLock::SessionLock(Oid object) {
  static bool registered = false;
  held_ = call([&] {
    if (!registered) RegisterXactCallback(release_on_abort, nullptr);
    registered = true;
    if (in_force) return false;
    SET_LOCKTAG_ADVISORY(tag_in_force, MyDatabaseId, kClass, object, 2);
    in_force = LockAcquire(&tag_in_force, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
    return in_force;
  });
}

SessionLock::~SessionLock() {
  if (held_ && !detail::abort_due) release();
}

}  // namespace pg
