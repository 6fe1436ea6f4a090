/// SQL entry points of soft deletes.

#include "server/bridge/bridge.hpp"
#include "server/bridge/transaction.hpp"
#include "server/soft_delete/enable.hpp"
#include "server/soft_delete/purge.hpp"
#include "server/soft_delete/restore.hpp"
#include "server/soft_delete/trigger.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

DEAL_FUNCTION(deal_advisor_soft_delete) {
  return deal::server::soft_delete_row(args);
}

DEAL_FUNCTION(deal_advisor_soft_delete_enable) {
  deal::server::SoftDeleteRequest request;
  request.relation = args.oid(0);
  request.deleted_at = pg::name_of(args.datum(1));
  if (!args.is_null(2)) request.live_view = pg::name_of(args.datum(2));
  request.options = args.json_or_empty(3);
  return pg::text_datum(deal::server::enable_soft_delete(request));
}

DEAL_FUNCTION(deal_advisor_soft_delete_disable) {
  return pg::text_datum(deal::server::disable_soft_delete(args.oid(0)));
}

DEAL_FUNCTION(deal_advisor_soft_delete_restore) {
  return Int64GetDatum(deal::server::restore_row(args.oid(0), args.json(1)));
}

DEAL_FUNCTION(deal_advisor_soft_delete_purge) {
  pg::require_own_transactions(args);
  deal::server::purge_rows(args.oid(0), pg::output_of(args.datum(1), INTERVALOID), args.int4(2));
  return Datum{0};
}
