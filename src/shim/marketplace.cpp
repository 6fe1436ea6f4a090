/// SQL entry points of the marketplace.

#include "server/marketplace/marketplace.hpp"
#include "server/bridge/bridge.hpp"

DEAL_FUNCTION(deal_advisor_marketplace_install) {
  return pg::text_datum(deal::server::install_marketplace(pg::name_of(args.datum(0)), args.json_or_empty(1)));
}

DEAL_FUNCTION(deal_advisor_marketplace_upgrade) {
  return pg::text_datum(deal::server::upgrade_marketplace(pg::name_of(args.datum(0))));
}

DEAL_FUNCTION(deal_advisor_marketplace_status) {
  std::optional<std::string> schema;
  if (!args.is_null(0)) schema = pg::name_of(args.datum(0));
  pg::RowSet rows(args);
  deal::server::marketplace_status(schema, rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_marketplace_create_roles) {
  std::optional<std::string> prefix;
  if (args.is_null(0)) throw deal::Error("22004", "schema must not be null");
  if (!args.is_null(1)) prefix = pg::name_of(args.datum(1));
  pg::RowSet rows(args);
  deal::server::create_marketplace_roles(pg::name_of(args.datum(0)), prefix, rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_marketplace_drop_roles) {
  pg::RowSet rows(args);
  deal::server::drop_marketplace_roles(pg::name_of(args.datum(0)), rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_marketplace_uninstall) {
  return pg::text_datum(deal::server::uninstall_marketplace(pg::name_of(args.datum(0)), args.text(1)));
}
