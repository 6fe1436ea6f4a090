/// Entry points of the background workers.

#include "server/bridge/worker.hpp"

#include "server/bridge/guard.hpp"
#include "server/bridge/launcher.hpp"
#include "server/bridge/visit.hpp"

extern "C" {
DEAL_EXPORT void deal_advisor_worker_main(Datum argument);
DEAL_EXPORT void deal_advisor_launcher_main(Datum argument);
DEAL_EXPORT void deal_advisor_visit_main(Datum argument);
}

/// Runs statements that refuse to run inside a function, on demand.
void deal_advisor_worker_main(Datum argument) {
  pg::guard([argument] { pg::worker_main(argument); });
}

/// Has every database visited at its interval; started with the server.
void deal_advisor_launcher_main(Datum) {
  pg::guard([] { pg::launcher_main(); });
}

/// The scheduled maintenance of one database.
void deal_advisor_visit_main(Datum argument) {
  pg::guard([argument] {
    pg::visit_main(argument, {"deal_advisor", "call deal_advisor.partition_maintain()"});
  });
}
