#include "server/partition/advice_tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/quote.hpp"
#include "server/catalog/facts.hpp"
#include "server/catalog/sql.hpp"

namespace deal::server {

namespace {

constexpr const char* kTables = R"sql(
select t.oid, t.nspname, t.relname, t.bytes, t.reltuples, t.inserts, t.deletes, t.days
from (
  select c.oid, n.nspname, c.relname, greatest(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid)) as reltuples,
    pg_catalog.pg_stat_get_tuples_inserted(c.oid) as inserts, pg_catalog.pg_stat_get_tuples_deleted(c.oid) as deletes,
    extract(epoch from pg_catalog.now() - coalesce(pg_catalog.pg_stat_get_db_stat_reset_time(d.oid),
      pg_catalog.pg_stat_get_bgwriter_stat_reset_time())) / 86400 as days,
    case when l.relation is null then pg_catalog.pg_total_relation_size(c.oid)
      else c.relpages * pg_catalog.current_setting('block_size')::bigint end as bytes
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_database d on d.datname = pg_catalog.current_database()
  left join ()sql" LOCKED_RELATIONS R"sql() l on l.relation = c.oid
  where c.relnamespace = any ($1::oid[]) and c.relkind = 'r' and not c.relispartition and c.relpersistence <> 't'
    and not exists (select from pg_catalog.pg_depend x where x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    and x.objid = c.oid and x.deptype = 'e')
    and not exists (select from pg_catalog.pg_inherits i where c.oid in (i.inhparent, i.inhrelid))) t
where t.bytes >= $2::bigint
order by t.oid)sql";

// The moments of times in seconds since 1970, and numbers as they are; a cast is only tried on its own type.
constexpr const char* kColumns = R"sql(
select a.attrelid, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, null), a.attnotnull,
  coalesce(x.expression ~* 'now\(\)|current_timestamp|current_date|localtimestamp|(statement|clock|transaction)_timestamp\(\)'
    and x.expression !~ '[-+*]', false),
  s.correlation, coalesce(s.null_frac, 0),
  case when s.n_distinct < 0 then -s.n_distinct * c.reltuples else coalesce(s.n_distinct, 0) end,
  coalesce(s.most_common_freqs[1], 0),
  case when a.atttypid in ('timestamptz'::pg_catalog.regtype, 'timestamp'::pg_catalog.regtype,
                           'date'::pg_catalog.regtype)
    then extract(epoch from (nullif(nullif(b.bounds[1], 'infinity'), '-infinity'))::timestamptz)::float8
    when a.atttypid in ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype)
    then b.bounds[1]::float8 end,
  case when a.atttypid in ('timestamptz'::pg_catalog.regtype, 'timestamp'::pg_catalog.regtype,
                           'date'::pg_catalog.regtype)
    then extract(epoch from (nullif(nullif(b.bounds[pg_catalog.array_upper(b.bounds, 1)], 'infinity'),
      '-infinity'))::timestamptz)::float8
    when a.atttypid in ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype)
    then b.bounds[pg_catalog.array_upper(b.bounds, 1)]::float8 end
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_catalog.pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname
  and not s.inherited
left join ()sql" LOCKED_RELATIONS R"sql() l on l.relation = a.attrelid
left join lateral (select case when l.relation is null then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end
                   as expression) x on true
left join lateral (select s.histogram_bounds::text::text[] as bounds) b on true
where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
order by a.attrelid, a.attnum)sql";

constexpr const char* kKeys = R"sql(
select i.indrelid, c.relname, i.indkey::text, i.indnkeyatts
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indrelid = any ($1::oid[]) and i.indisunique and i.indpred is null
order by i.indrelid, i.indisprimary desc, c.relname)sql";

constexpr const char* kReferences = R"sql(
select k.confrelid, k.conname, n.nspname, r.relname
from pg_catalog.pg_constraint k
join pg_catalog.pg_class r on r.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = r.relnamespace
where k.confrelid = any ($1::oid[]) and k.contype = 'f' and k.conparentid = 0
order by k.confrelid, k.conname, n.nspname, r.relname)sql";

/// The kind that a plain range over the type would have; times and numbers only.
std::optional<partition::KeyKind> kind_of(const std::string& type) {
  using partition::KeyKind;
  if (type == "timestamp with time zone") return KeyKind::timestamptz;
  if (type == "timestamp without time zone") return KeyKind::timestamp;
  if (type == "date") return KeyKind::date;
  if (type == "bigint" || type == "integer") return KeyKind::integer;
  return std::nullopt;
}

std::optional<partition::Position> position_of(const pg::SqlResult& rows, size_t row, int column,
                                               partition::KeyKind kind) {
  if (rows.is_null(row, column)) return std::nullopt;
  double const number = rows.float8(row, column);
  if (kind == partition::KeyKind::integer) return static_cast<partition::Position>(number);
  return static_cast<partition::Position>(number * 1e6) + partition::kUnixEpoch;
}

partition::AdviceColumn column_of(const pg::SqlResult& rows, size_t row) {
  partition::AdviceColumn column;
  column.name = rows.text(row, 2);
  column.kind = kind_of(rows.text(row, 3));
  column.not_null = rows.boolean(row, 4);
  column.now_by_default = rows.boolean(row, 5);
  if (!rows.is_null(row, 6)) column.correlation = rows.float8(row, 6);
  column.null_share = rows.float8(row, 7);
  column.distinct = rows.float8(row, 8);
  column.most_common = rows.float8(row, 9);
  if (!column.kind) return column;
  column.least = position_of(rows, row, 10, *column.kind);
  column.greatest = position_of(rows, row, 11, *column.kind);
  return column;
}

/// Reads one thing after the other for the tables found.
class Reader {
 public:
  Reader(pg::Spi& spi, LargeTables& large) : spi_(spi), large_(large) {}

  void read(const std::string& schemas, std::int64_t min_bytes) {
    tables(schemas, min_bytes);
    if (large_.tables.empty()) return;
    columns();
    keys();
    references();
  }

 private:
  void tables(const std::string& schemas, std::int64_t min_bytes) {
    pg::SqlResult const rows = spi_.query(kTables, {schemas, std::to_string(min_bytes)});
    std::vector<ObjectId> numbers;
    for (size_t row = 0; row < rows.size(); ++row) {
      partition::AdviceTable table;
      table.schema = rows.text(row, 1);
      table.name = rows.text(row, 2);
      table.identity = quote_qualified(table.schema, table.name);
      table.bytes = rows.int8(row, 3);
      table.rows = rows.float8(row, 4);
      table.inserts = rows.float8(row, 5);
      table.deletes = rows.float8(row, 6);
      table.stats_days = rows.float8(row, 7);
      large_.places.emplace(rows.oid(row, 0), large_.tables.size());
      large_.tables.push_back(std::move(table));
      numbers.push_back(rows.oid(row, 0));
    }
    large_.columns.resize(large_.tables.size());
    list_ = fmt::format("{{{}}}", fmt::join(numbers, ","));
  }

  void columns() {
    pg::SqlResult const rows = spi_.query(kColumns, {list_});
    for (size_t row = 0; row < rows.size(); ++row) {
      std::size_t const place = large_.places.at(rows.oid(row, 0));
      auto& all = large_.tables[place].columns;
      large_.columns[place].emplace(static_cast<int>(rows.int8(row, 1)), all.size());
      all.push_back(column_of(rows, row));
    }
  }

  void keys() {
    pg::SqlResult const rows = spi_.query(kKeys, {list_});
    for (size_t row = 0; row < rows.size(); ++row) {
      std::size_t const place = large_.places.at(rows.oid(row, 0));
      partition::AdviceKey key;
      key.name = rows.text(row, 1);
      auto const numbers = numbers_in(rows.text(row, 2));
      for (size_t i = 0; i < numbers.size() && static_cast<int64_t>(i) < rows.int8(row, 3); ++i) {
        auto const found = large_.columns[place].find(static_cast<int>(numbers[i]));
        key.columns.push_back(found != large_.columns[place].end() ? static_cast<int>(found->second) : -1);
      }
      large_.tables[place].keys.push_back(std::move(key));
    }
  }

  void references() {
    pg::SqlResult const rows = spi_.query(kReferences, {list_});
    for (size_t row = 0; row < rows.size(); ++row)
      large_.tables[large_.places.at(rows.oid(row, 0))].referenced_by.push_back(
          fmt::format("{} of {}", quote_identifier(rows.text(row, 1)),
                      quote_qualified(rows.text(row, 2), rows.text(row, 3))));
  }

  pg::Spi& spi_;
  LargeTables& large_;
  std::string list_;
};

}  // namespace

LargeTables read_large_tables(pg::Spi& spi, const std::vector<std::string>& schemas, std::int64_t min_bytes) {
  std::vector<ObjectId> numbers;
  for (auto const& [oid, name] : read_schemas(spi, schemas).names)
    numbers.push_back(oid);
  LargeTables large;
  Reader(spi, large).read(fmt::format("{{{}}}", fmt::join(numbers, ",")), min_bytes);
  return large;
}

}  // namespace deal::server
