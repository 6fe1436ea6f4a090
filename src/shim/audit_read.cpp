/// SQL entry points that read audit logs, and take changes back.

#include "server/audit/as_of.hpp"
#include "server/audit/changes.hpp"
#include "server/audit/history.hpp"
#include "server/audit/log_rights.hpp"
#include "server/audit/restore.hpp"
#include "server/audit/transaction.hpp"
#include "server/audit/undo.hpp"
#include "server/bridge/bridge.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "parser/parse_type.h"
#include "utils/xid8.h"
}

namespace {

pg::Value optional_value(const pg::Arguments& args, int i) {
  if (args.is_null(i)) return {};
  return {args.datum(i), false};
}

/// The table whose row type an argument of type anyelement has.
Oid table_of_argument(const pg::Arguments& args, int i) {
  Oid const type = pg::call([&] { return get_fn_expr_argtype(args.fcinfo()->flinfo, i); });
  Oid const relation =
      type == InvalidOid || type == RECORDOID ? InvalidOid : pg::call([&] { return typeidTypeRelid(type); });
  if (relation == InvalidOid)
    throw deal::Error("42804", "the first argument must be of the row type of a table")
        .hint("Call it like select * from deal_advisor.audit_as_of(null::shop.orders, '2026-01-01');");
  return relation;
}

deal::server::AsOfRequest as_of_request(const pg::Arguments& args, Oid relation) {
  return {relation, static_cast<int64>(DatumGetTimestampTz(args.datum(1))), optional_value(args, 2),
          args.json_or_empty(3)};
}

}  // namespace

DEAL_FUNCTION(deal_advisor_audit_history) {
  pg::RowSet rows(args);
  deal::server::flush_audit();
  deal::server::row_history(args.oid(0), optional_value(args, 1), args.json_or_empty(2), rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_audit_as_of) {
  pg::RowSet rows(args);
  deal::server::flush_audit();
  deal::server::as_of_typed(as_of_request(args, table_of_argument(args, 0)), rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_audit_as_of_json) {
  pg::RowSet rows(args);
  deal::server::flush_audit();
  deal::server::as_of_json(as_of_request(args, args.oid(0)), rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_audit_changes) {
  pg::RowSet rows(args);
  deal::server::flush_audit();
  deal::server::table_changes({args.oid(0), static_cast<int64>(DatumGetTimestampTz(args.datum(1))),
                               static_cast<int64>(DatumGetTimestampTz(args.datum(2))), args.json_or_empty(3)},
                              rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_audit_restore) {
  deal::server::flush_audit();
  return pg::text_datum(deal::server::restore_row(args.oid(0), optional_value(args, 1),
                                                  static_cast<int64>(DatumGetTimestampTz(args.datum(2)))));
}

DEAL_FUNCTION(deal_advisor_audit_undo) {
  pg::RowSet rows(args);
  deal::server::flush_audit();
  deal::server::undo_transaction(U64FromFullTransactionId(DatumGetFullTransactionId(args.datum(0))),
                                 args.json_or_empty(1), rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_audit_grant_read) {
  return pg::text_datum(deal::server::grant_read(args.oid(0), pg::name_of(args.datum(1))));
}

DEAL_FUNCTION(deal_advisor_audit_revoke_read) {
  return pg::text_datum(deal::server::revoke_read(args.oid(0), pg::name_of(args.datum(1))));
}
