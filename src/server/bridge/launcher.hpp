/// The scheduled worker's launcher: a background worker of the whole cluster, connected to no database, that
/// has each database visited at its interval.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// Has the postmaster start the launcher, if the module is being loaded by shared_preload_libraries: once the
/// server accepts writes, so on a standby at its promotion, and again ten seconds after it died. Does nothing
/// otherwise, nor in a server that pg_upgrade runs.
void register_launcher();

/// The launcher's main function; ends only with the process.
void launcher_main();

}  // namespace pg
