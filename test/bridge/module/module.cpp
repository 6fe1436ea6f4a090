#include "core/base/interrupt.hpp"
#include "server/bridge/bridge.hpp"
#include "server/bridge/worker.hpp"

extern "C" {
#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "deal_advisor_test", .version = "1.0");
#else
extern DEAL_EXPORT const Pg_magic_struct* Pg_magic_func(void);
PG_MODULE_MAGIC;
#endif

DEAL_EXPORT void _PG_init(void);
DEAL_EXPORT void deal_advisor_worker_main(Datum argument);
}

void _PG_init(void) {
  pg::guard([] { deal::set_interrupt_check(pg::check_for_interrupts); });
}

void deal_advisor_worker_main(Datum argument) {
  pg::guard([argument] { pg::worker_main(argument); });
}

/// Statements through the worker, as the advisor's own procedures run them.
DEAL_FUNCTION(deal_advisor_test_run) {
  std::vector<std::string> const statements = args.text_array(0);
  pg::run_in_worker(args, statements);
  return 0;
}
