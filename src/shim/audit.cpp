/// SQL entry points of auditing: switching it on and off, the trigger, the context.

#include "core/audit/claims.hpp"
#include "server/audit/capture.hpp"
#include "server/audit/enable.hpp"
#include "server/audit/status.hpp"
#include "server/bridge/bridge.hpp"

DEAL_FUNCTION(deal_advisor_audit_capture) {
  deal::server::record_audited_change(args);
  return Datum{0};
}

DEAL_FUNCTION(deal_advisor_audit_enable) {
  deal::server::AuditRequest request;
  request.relation = args.oid(0);
  request.mode = args.text(1);
  request.ignored = args.text_array_or_empty(2);
  request.redacted = args.text_array_or_empty(3);
  request.hashed = args.text_array_or_empty(4);
  request.baseline = args.boolean(5);
  request.truncate_rows = args.boolean(6);
  request.statement = args.boolean(7);
  request.insert_image = args.boolean(8);
  request.fire = args.text(9);
  if (!args.is_null(10)) request.log_owner = pg::name_of(args.datum(10));
  request.options = args.json_or_empty(11);
  return pg::text_datum(deal::server::enable_audit(request));
}

DEAL_FUNCTION(deal_advisor_audit_disable) {
  return pg::text_datum(deal::server::disable_audit(args.oid(0)));
}

DEAL_FUNCTION(deal_advisor_audit_status) {
  pg::RowSet rows(args);
  deal::server::audit_status(rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_audit_set_context) {
  deal::audit::Claims claims;
  claims.user = args.optional_text(0);
  if (!args.is_null(1)) claims.context = args.json(1);
  if (claims.context && claims.context->front() != '{')
    throw deal::Error("22023", "the context must be a JSON object").hint("As in '{\"request\": \"7f3a\"}'.");
  std::string const setting = deal::audit::claims_setting(claims);
  pg::set_for_transaction("deal_advisor.audit_context", setting);
  return Datum{0};
}
