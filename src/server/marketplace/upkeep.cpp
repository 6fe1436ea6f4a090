#include "server/marketplace/upkeep.hpp"

#include "core/base/quote.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

// Range partitions by one column.
constexpr const char* kUncaredFor = R"sql(
select c.relname, a.attname from pg_catalog.pg_partitioned_table p
join pg_catalog.pg_class c on c.oid = p.partrelid
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
where c.relnamespace = $1::pg_catalog.regnamespace and p.partstrat = 'r' and p.partnatts = 1
  and not exists (select from deal_advisor.partition_status() s where s.parent = pg_catalog.format('%I.%I', $2::text, c.relname))
order by 1)sql";

constexpr const char* kForgetAll = R"sql(
select deal_advisor.partition_forget($2, c.relname) from pg_catalog.pg_class c
where c.relnamespace = $1::pg_catalog.regnamespace and c.relkind = 'p'
  and exists (select from deal_advisor.partition_status() s where s.parent = pg_catalog.format('%I.%I', $2::text, c.relname)))sql";

// Only those without history: calling again would take new options.
constexpr const char* kEdited = R"sql(
select c.relname from pg_catalog.pg_class c
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'updated_by' and not a.attisdropped
where c.relnamespace = $1::pg_catalog.regnamespace and c.relkind = 'r' and c.relname <> 'listings'
  and not exists (select from deal_advisor.audit_status() s where s.relation = pg_catalog.format('%I.%I', $2::text, c.relname))
order by 1)sql";

// What the database keeps itself is no edit.
constexpr const char* kRecordEdits = R"sql(
select deal_advisor.audit_enable($1::pg_catalog.regclass, ignore => array(
  select a.attname::text from pg_catalog.pg_attribute a where a.attrelid = $1::pg_catalog.regclass and not a.attisdropped
    and a.attname in ('updated_at', 'best_price_minor', 'best_listing_id', 'search', 'last_seen_at'))))sql";

}  // namespace

void keep_partitions(pg::Spi& spi, const std::string& schema, const std::string& step) {
  pg::FreshSnapshot const now;
  pg::SqlResult const tables = spi.query(kUncaredFor, {quote_identifier(schema), schema});
  for (size_t row = 0; row < tables.size(); ++row)
    spi.execute("select deal_advisor.partition_enable($1::pg_catalog.regclass, $2, $3, premake => 4)",
                {quote_qualified(schema, tables.text(row, 0)), tables.text(row, 1), "1 " + step});
}

void forget_partitions(pg::Spi& spi, const std::string& schema) {
  spi.execute(kForgetAll, {quote_identifier(schema), schema});
}

void audit_edited_tables(pg::Spi& spi, const std::string& schema) {
  pg::FreshSnapshot const now;
  pg::SqlResult const tables = spi.query(kEdited, {quote_identifier(schema), schema});
  for (size_t row = 0; row < tables.size(); ++row)
    spi.execute(kRecordEdits, {quote_qualified(schema, tables.text(row, 0))});
}

}  // namespace deal::server
