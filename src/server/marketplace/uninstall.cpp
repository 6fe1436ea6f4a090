#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/model/catalog.hpp"
#include "server/bridge/short_locks.hpp"
#include "server/bridge/spi.hpp"
#include "server/marketplace/marketplace.hpp"
#include "server/marketplace/registry.hpp"
#include "server/marketplace/upkeep.hpp"

namespace deal::server {

namespace {

/// Something in another schema that would go as well; empty: nothing.
std::string outside_dependent(pg::Spi& spi, const std::string& schema) {
  pg::SqlResult const rows = spi.query(
      R"(
with own as (
  select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1::name),
outside as (
  select k.conrelid as relation from pg_catalog.pg_constraint k
  where k.contype = 'f' and k.confrelid in (select oid from own) and k.conrelid not in (select oid from own)
  union
  select r.ev_class from pg_catalog.pg_depend d
  join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.objid
  where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid in (select oid from own)
    and r.ev_class not in (select oid from own)
  union
  select a.attrelid from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where n.nspname = $1::name and a.attnum > 0 and not a.attisdropped and a.attrelid not in (select oid from own)
  union
  select i.inhrelid from pg_catalog.pg_inherits i where i.inhparent in (select oid from own) and i.inhrelid not in (select oid from own))
select relation::pg_catalog.regclass::text from outside order by 1 limit 1)",
      {schema});
  return rows.empty() ? std::string() : rows.text(0, 0);
}

}  // namespace

std::string uninstall_marketplace(const std::string& schema, const std::string& confirm) {
  (void)require_marketplace(schema);
  std::string const name = quote_identifier(schema);
  if (confirm != schema)
    throw Error("22023", "this drops schema " + name + " with all of its data; confirm must be its name")
        .hint(fmt::format("select deal_advisor.marketplace_uninstall({0}, {0});", quote_literal(schema)));
  pg::Spi spi;
  if (schema_oid(schema) != InvalidOid) {
    std::string const outside = outside_dependent(spi, schema);
    if (!outside.empty())
      throw Error("2BP01", outside + " depends on the marketplace in schema " + name)
          .hint("Drop it first, or what ties it to the marketplace.");
    forget_partitions(spi, schema);
    pg::LocalSettings const quiet;  // it would list all that goes
    quiet.set("client_min_messages", "warning");
    pg::with_short_locks({}, pg::pause, [&] { spi.execute("drop schema " + name + " cascade"); });
  }
  forget_marketplace(schema);
  std::string gone = "schema " + name + " and its marketplace are gone";
  std::vector<std::string> const roles = marketplace_roles(schema);
  if (roles.empty()) return gone;
  return fmt::format("{}; its roles stay: {}; deal_advisor.marketplace_drop_roles({}) drops them", gone,
                     quoted_list(roles), quote_literal(schema));
}

}  // namespace deal::server
