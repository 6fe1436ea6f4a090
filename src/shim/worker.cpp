/// Entry point of the background worker that runs CONCURRENTLY statements.

#include "server/bridge/worker.hpp"

#include "server/bridge/guard.hpp"

extern "C" DEAL_EXPORT void deal_advisor_worker_main(Datum argument);

extern "C" void deal_advisor_worker_main(Datum argument) {
  pg::guard([argument] { pg::worker_main(argument); });
}
