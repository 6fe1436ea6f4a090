#include "server/catalog/facts.hpp"

#include <charconv>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"

namespace deal::server {

namespace {

// Statistics of a database that were never reset count since the cluster's were: at initdb, or when a crash
// discarded them, which is the time that the background writer's carry.
constexpr const char* kFacts = R"sql(
select pg_catalog.current_setting('server_version_num'), d.datname, d.datdba, current_user,
  pg_catalog.pg_is_in_recovery(), (extract(epoch from pg_catalog.now()) * 1000000)::bigint,
  (extract(epoch from coalesce(pg_catalog.pg_stat_get_db_stat_reset_time(d.oid),
                               pg_catalog.pg_stat_get_bgwriter_stat_reset_time())) * 1000000)::bigint,
  (select count(*) from pg_catalog.pg_stat_get_wal_senders()), pg_catalog.current_setting('block_size'),
  exists (select from pg_catalog.pg_settings where name = 'pg_stat_statements.max'),
  exists (select from pg_catalog.pg_extension where extname = 'pg_stat_statements'),
  exists (select from pg_catalog.pg_available_extensions where name = 'pg_stat_statements'),
  pg_catalog.pg_has_role('pg_read_all_settings', 'usage'),
  (select setting from pg_catalog.pg_settings where name = 'shared_preload_libraries')
from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())sql";

constexpr const char* kSchemas = R"sql(
select n.oid, n.nspname,
  pg_catalog.has_schema_privilege(n.oid, 'usage') or pg_catalog.pg_has_role('pg_monitor', 'usage')
from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'deal_advisor', 'deal_advisor_data')
order by n.nspname)sql";

}  // namespace

ServerFacts read_facts(pg::Spi& spi) {
  pg::SqlResult const row = spi.query(kFacts);
  ServerFacts facts;
  facts.version = static_cast<int>(row.int8(0, 0));
  facts.database = row.text(0, 1);
  facts.database_owner = row.oid(0, 2);
  facts.caller = row.text(0, 3);
  facts.in_recovery = row.boolean(0, 4);
  facts.now = row.int8(0, 5);
  facts.stats_since = row.int8(0, 6);
  facts.standbys = static_cast<int>(row.int8(0, 7));
  facts.block_size = static_cast<int>(row.int8(0, 8));
  facts.statements_loaded = row.boolean(0, 9);
  facts.statements_created = row.boolean(0, 10);
  facts.statements_available = row.boolean(0, 11);
  facts.preload_known = row.boolean(0, 12);
  facts.preload = row.text(0, 13);
  return facts;
}

Schemas read_schemas(pg::Spi& spi, const std::vector<std::string>& wanted) {
  pg::SqlResult const rows = spi.query(kSchemas);
  std::vector<bool> found(wanted.size(), false);
  Schemas schemas;
  for (size_t row = 0; row < rows.size(); ++row) {
    std::string name = rows.text(row, 1);
    bool named = wanted.empty();
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] != name) continue;
      found[i] = named = true;
    }
    if (!named) continue;
    if (rows.boolean(row, 2)) {
      schemas.names.emplace(rows.oid(row, 0), std::move(name));
      continue;
    }
    if (!wanted.empty())
      throw Error("42501", "permission denied for schema " + quote_identifier(name))
          .hint("GRANT USAGE ON SCHEMA " + quote_identifier(name) +
                ", or pg_monitor, to the role that asks.");
    schemas.hidden.push_back(std::move(name));
  }
  for (size_t i = 0; i < wanted.size(); ++i)
    if (!found[i])
      throw Error("3F000", "schema \"" + wanted[i] + "\" does not exist or is not reviewed")
          .hint("Schemas of the server itself and of this extension are not reviewed.");
  schemas.all = wanted.empty() && schemas.hidden.empty();
  return schemas;
}

std::vector<std::int64_t> numbers_in(const std::string& text) {
  std::vector<std::int64_t> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::int64_t number = 0;
    auto const [next, error] = std::from_chars(at, end, number);
    if (error == std::errc()) numbers.push_back(number);
    at = error == std::errc() ? next : at + 1;
  }
  return numbers;
}

}  // namespace deal::server
