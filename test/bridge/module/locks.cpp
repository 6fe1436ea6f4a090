/// Strong locks that are taken without making others queue for long.

#include "module/live.hpp"
#include "server/bridge/bridge.hpp"
#include "server/bridge/short_locks.hpp"

using deal_test::Live;

namespace {

void execute_all(const std::vector<std::string>& statements) {
  Live const here;
  pg::Spi spi(pg::SearchPath::callers);
  for (auto const& statement : statements)
    spi.execute(statement);
}

pg::LockPatience patience(const pg::Arguments& args) {
  pg::LockPatience wanted;
  wanted.timeout_ms = args.int4(1);
  wanted.most_tries = args.int4(2);
  wanted.pause_ms = args.int4(3);
  return wanted;
}

}  // namespace

/// (statements, lock_timeout, most tries, pause in ms): runs them under short locks; true if once was enough.
DEAL_FUNCTION(deal_advisor_test_short_locks) {
  Live const here;
  std::vector<std::string> const statements = args.text_array(0);
  pg::LockEffort const effort =
      pg::with_short_locks(patience(args), pg::pause, [&] { execute_all(statements); });
  return BoolGetDatum(effort.tries == 1);
}

/// The same in a procedure, which ends its transaction between tries.
DEAL_FUNCTION(deal_advisor_test_short_locks_run) {
  Live const here;
  std::vector<std::string> const statements = args.text_array(0);
  pg::require_own_transactions(args);
  pg::with_short_locks(patience(args), pg::commit_and_pause, [&] { execute_all(statements); });
  return 0;
}
