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

/// The worker's main function; `argument` is the handle of the shared segment.
void worker_main(Datum argument);

}  // namespace pg
