/// Transaction control in procedures: each step of long work commits, so that a kill loses one step at most.
#pragma once

#include "server/bridge/arguments.hpp"

namespace pg {

/// Throws 25001 unless the procedure may commit: CALL at top level, or within procedures and DO blocks that
/// may; 25006 in a read-only transaction or on a standby.
void require_own_transactions(const Arguments& args);

/// Commits what the procedure has done so far and begins the next transaction. No AsRole, SPI session,
/// snapshot or subtransaction of ours may be open. Memory of the caller's context and C++ objects stay.
void commit();

/// Commits, then waits that long without a transaction's snapshot or lock. Ends early with the server's error
/// when the statement is cancelled.
void commit_and_pause(double milliseconds);

/// Waits; ends early with the server's error when the statement is cancelled.
void pause(double milliseconds);

}  // namespace pg
