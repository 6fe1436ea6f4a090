/// Running statements that refuse to run inside a function (CREATE INDEX CONCURRENTLY and its kin): an
/// on-demand background worker executes them as top-level commands with the caller's role.
#pragma once

#include "server/bridge/arguments.hpp"

namespace pg {

/// Runs the statements one after the other, each in its own top-level transaction, in a dynamic background
/// worker (one free slot of max_worker_processes, nothing to preload) as the calling role and with those of
/// its settings that a statement's meaning depends on. Commits the caller's transaction first, so that
/// nothing waits for its snapshot. Progress is a NOTICE per statement. When the caller is cancelled or ends,
/// so is the worker. Only for procedures called at top level: elsewhere 25001; read only or on a standby:
/// 25006. No free slot: 53400 whose HINT lists the statements for psql. A failing statement: its own SQLSTATE
/// and message; the statements before it stay done. A worker that dies: 58000.
void run_in_worker(const Arguments& args, std::span<const std::string> statements);

/// The same as another role, for whom the caller may act (it has checked that). The worker's session is that
/// role's from the beginning, as if it had logged in: unlike after SET ROLE, nothing that runs in it can get
/// at the caller's rights. So the role must be allowed to connect to the database and, before version 17, to
/// log in: else 28000, whose HINT lists the statements for psql. `lock_timeout` is used in place of the
/// session's, unless it is empty.
void run_in_worker_as(const Arguments& args, Oid role, std::span<const std::string> statements,
                      const char* lock_timeout);

/// The worker's main function; `argument` is the handle of the shared segment.
void worker_main(Datum argument);

}  // namespace pg
