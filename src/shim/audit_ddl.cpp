/// SQL entry points of recording DDL.

#include "server/audit/ddl.hpp"
#include "server/bridge/bridge.hpp"

DEAL_FUNCTION(deal_advisor_audit_ddl_enable) {
  (void)args;
  return pg::text_datum(deal::server::enable_ddl());
}

DEAL_FUNCTION(deal_advisor_audit_ddl_disable) {
  (void)args;
  return pg::text_datum(deal::server::disable_ddl());
}

DEAL_FUNCTION(deal_advisor_audit_ddl_capture) {
  deal::server::record_ddl(args.text(0), args.text(1));
  return Datum{0};
}
