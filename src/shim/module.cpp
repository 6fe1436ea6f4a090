/// Loading and identity of the module.

#include "core/base/interrupt.hpp"
#include "server/audit/dropped_triggers.hpp"
#include "server/audit/transaction.hpp"
#include "server/bridge/bridge.hpp"
#include "server/bridge/launcher.hpp"
#include "server/bridge/own_settings.hpp"
#include "server/index/what_if.hpp"

extern "C" {
#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "deal_advisor", .version = DEAL_ADVISOR_VERSION);
#else
extern DEAL_EXPORT const Pg_magic_struct* Pg_magic_func(void);
PG_MODULE_MAGIC;
#endif

DEAL_EXPORT void _PG_init(void);
}

void _PG_init(void) {
  pg::guard([] {
    deal::set_interrupt_check(pg::check_for_interrupts);
    deal::server::install_what_if_hooks();
    pg::define_own_settings();
    deal::server::install_audit_hooks();
    deal::server::install_drop_watch();
    pg::register_launcher();
  });
}

DEAL_FUNCTION(deal_advisor_build_info) {
  return pg::text_datum("deal_advisor " DEAL_ADVISOR_VERSION " (build " DEAL_ADVISOR_BUILD_ID
                        ") for PostgreSQL " PG_VERSION ", " __VERSION__);
}
