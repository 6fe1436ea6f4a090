#include "server/bridge/short_locks.hpp"

#include <fmt/format.h>

extern "C" {
#include "common/pg_prng.h"
}

namespace pg::detail {

bool is_lock_trouble(const Failure& failure) {
  return failure.sqlstate == "55P03" || failure.sqlstate == "40P01";
}

double jittered(int pause_ms) {
  return pause_ms * (0.5 + pg_prng_double(&pg_global_prng_state));
}

void give_up(const Failure& failure, const LockPatience& patience, const LockEffort& effort) {
  throw deal::Error("55P03", failure.message)
      .detail(fmt::format("Tried {} times with a lock_timeout of {} ms, so that nobody queues for longer.",
                          effort.tries, patience.timeout_ms))
      .hint("Look for long transactions in pg_stat_activity and pg_locks, or try again later.");
}

}  // namespace pg::detail
