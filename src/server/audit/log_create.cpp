#include "server/audit/log_create.hpp"

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"
#include "server/partition/enable.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

[[noreturn]] void refuse_stranger(const std::string& what, Oid owner, Oid wanted) {
  throw Error("42501", fmt::format("{} belongs to role \"{}\", not to \"{}\"", what, pg::role_name(owner),
                                   pg::role_name(wanted)))
      .hint("Name another schema with options {\"log_schema\": ...}, or the owner with log_owner.");
}

void make_schema(const std::string& schema, Oid owner) {
  pg::Spi spi;
  spi.execute(fmt::format("create schema {} authorization {}", quote_identifier(schema),
                          quote_identifier(pg::role_name(owner))));
  spi.execute(
      fmt::format("comment on schema {} is 'Audit log of deal_advisor: who changed which row, when and "
                  "how. Read it with deal_advisor.audit_history. Drop it and that is lost.'",
                  quote_identifier(schema)));
}

/// Others are shut out of a log's schema: it must not be the schema of something else.
void refuse_others_schema(const std::string& schema) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where "
      "n.nspname = $1 limit 1",
      {schema});
  if (rows.empty()) return;
  throw Error("55000", "schema " + quote_identifier(schema) + " is no audit log")
      .detail("It has other relations, such as " + quote_identifier(rows.text(0, 0)) + ".")
      .hint("Name a schema that does not exist or is empty with options {\"log_schema\": ...}.");
}

/// Default privileges may have given others a way in.
void shut_out_others(const std::string& schema, Oid owner) {
  pg::Spi spi;
  pg::SqlResult const grantees = spi.query(
      "select distinct a.grantee, coalesce(r.rolname::text, '') from pg_catalog.pg_namespace n cross join "
      "pg_catalog.aclexplode(n.nspacl) a left join pg_catalog.pg_roles r on r.oid = a.grantee where "
      "n.nspname = "
      "$1 and a.grantee <> $2::oid",
      {schema, std::to_string(owner)});
  for (size_t row = 0; row < grantees.size(); ++row) {
    std::string const grantee =
        grantees.oid(row, 0) == InvalidOid ? "public" : quote_identifier(grantees.text(row, 1));
    spi.execute(fmt::format("revoke all on schema {} from {}", quote_identifier(schema), grantee));
  }
}

/// Only rows that a partition takes; partitions lie side by side.
int64_t drain(const std::string& schema, const std::string& overflow, const std::string& table,
              const char* at) {
  pg::Spi spi;
  return spi.execute(fmt::format(
      "with bounds as (select min(pg_catalog.substring(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'FROM "
      "\\(''([0-9][^'']*)''\\)')::timestamptz) as lower, max(pg_catalog.substring(pg_catalog.pg_get_expr("
      "c.relpartbound, c.oid), 'TO \\(''([0-9][^'']*)''\\)')::timestamptz) as upper from "
      "pg_catalog.pg_inherits i join "
      "pg_catalog.pg_class c on c.oid = i.inhrelid where i.inhparent = {2}::pg_catalog.regclass), moved as "
      "(delete from {0} "
      "o using bounds b where o.{3} >= b.lower and o.{3} < b.upper returning o.*) insert into {1} select * "
      "from moved",
      quote_qualified(schema, overflow), quote_qualified(schema, table),
      quote_literal(quote_qualified(schema, table)), at));
}

/// The typed histories of a log, not quoted.
std::vector<std::string> histories_of(const std::string& schema) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query("select history from " + quote_qualified(schema, audit::kTables) +
                                       " where history is not null order by history");
  std::vector<std::string> names;
  for (size_t row = 0; row < rows.size(); ++row)
    names.push_back(rows.text(row, 0));
  return names;
}

}  // namespace

void make_partition_set(const std::string& schema, const std::string& table, const std::string& key_column) {
  pg::FreshSnapshot const now;
  EnableRequest request;
  request.relation = log_relation_oid(schema, table.c_str());
  request.key_column = key_column;
  request.step = "1 month";
  request.premake = 3;
  (void)enable_set(request);
}

LogPlace ensure_log(const std::string& schema, Oid owner) {
  Oid const existing = pg::call([&] { return get_namespace_oid(schema.c_str(), true); });
  if (existing == InvalidOid)
    make_schema(schema, owner);
  else if (pg::schema_owner(existing) != owner)
    refuse_stranger("schema " + quote_identifier(schema), pg::schema_owner(existing), owner);
  Oid const config = log_relation_oid(schema, audit::kTables);
  if (config != InvalidOid) {
    if (pg::relation_owner(config) != owner)
      refuse_stranger("the audit log in schema " + quote_identifier(schema), pg::relation_owner(config),
                      owner);
    return {schema, owner};
  }
  refuse_others_schema(schema);
  pg::AsRole const as_owner(owner);
  {
    pg::Spi spi;
    for (std::string const& statement : audit::log_statements(schema))
      spi.execute(statement);
  }
  shut_out_others(schema, owner);
  make_partition_set(schema, audit::kEvents, "at");
  make_partition_set(schema, audit::kTransactions, "at");
  return {schema, owner};
}

int64_t maintain_log(const LogPlace& log) {
  pg::AsRole const as_owner(log.owner);
  make_partition_set(log.schema, audit::kEvents, "at");
  make_partition_set(log.schema, audit::kTransactions, "at");
  int64_t moved = drain(log.schema, audit::kOverflow, audit::kEvents, "at") +
                  drain(log.schema, audit::kTransactionOverflow, audit::kTransactions, "at");
  for (std::string const& history : histories_of(log.schema)) {
    make_partition_set(log.schema, history, "audit_at");
    moved += drain(log.schema, audit::history_overflow(history), history, "audit_at");
  }
  return moved;
}

}  // namespace deal::server
