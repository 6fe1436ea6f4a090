#include "server/catalog/read.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unordered_map>

#include "core/base/quote.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/catalog/audits.hpp"
#include "server/catalog/facts.hpp"
#include "server/catalog/partitions.hpp"
#include "server/catalog/sql.hpp"

namespace deal::server {

namespace {

/// Rows of user relations in the schemas $1, by the alias c; extension members and temporary tables are not.
#define USER_TABLES                                                                                       \
  "c.relnamespace = any ($1::oid[]) and c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't' "        \
  "and not exists (select from pg_catalog.pg_depend x where x.classid = 'pg_catalog.pg_class'::regclass " \
  "and x.objid = c.oid and x.deptype = 'e')"

constexpr const char* kTables = R"sql(
select c.oid, c.relnamespace, c.relname, c.relowner, c.relkind, c.relispartition, i.inhparent,
  c.reltuples, c.relpages, pg_catalog.pg_stat_get_numscans(c.oid),
  pg_catalog.pg_stat_get_tuples_inserted(c.oid),
  pg_catalog.pg_stat_get_tuples_updated(c.oid), pg_catalog.pg_stat_get_tuples_deleted(c.oid),
  l.relation is not null, pg_catalog.pg_stat_get_live_tuples(c.oid), c.relrowsecurity, c.relforcerowsecurity,
  exists (select from pg_catalog.aclexplode(c.relacl) g where g.grantee <> c.relowner)
    or exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attacl is not null),
  c.relpersistence = 'u'
from pg_catalog.pg_class c
left join pg_catalog.pg_inherits i on i.inhrelid = c.oid and c.relispartition
left join (select distinct relation from pg_catalog.pg_locks
           where locktype = 'relation' and granted and mode = 'ShareUpdateExclusiveLock'
             and database = (select oid from pg_catalog.pg_database
                             where datname = pg_catalog.current_database())) l on l.relation = c.oid
where )sql" USER_TABLES R"sql( order by c.oid)sql";

constexpr const char* kForeignLeaves = R"sql(
select distinct i.inhparent from pg_catalog.pg_class c
join pg_catalog.pg_inherits i on i.inhrelid = c.oid
where c.relnamespace = any ($1::oid[]) and c.relkind = 'f' and c.relispartition)sql";

constexpr const char* kColumns = R"sql(
select a.attrelid, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
  a.attidentity <> '' or s.refobjid is not null
from pg_catalog.pg_class c
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join (select d.refobjid, d.refobjsubid from pg_catalog.pg_depend d
           join pg_catalog.pg_class q on q.oid = d.objid and q.relkind = 'S'
           where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = d.classid
             and d.deptype in ('a', 'i') and d.refobjsubid > 0
           group by 1, 2) s on s.refobjid = a.attrelid and s.refobjsubid = a.attnum
where )sql" USER_TABLES R"sql( order by a.attrelid, a.attnum)sql";

constexpr const char* kIndexes = R"sql(
select i.indrelid, i.indexrelid, n.relname, m.amname, i.indkey, i.indclass, i.indcollation, i.indoption,
  i.indnkeyatts, i.indisunique, i.indnullsnotdistinct, i.indisprimary, i.indisexclusion, i.indimmediate,
  i.indisvalid, i.indisready, i.indisreplident, i.indisclustered, n.relkind = 'I', h.inhparent,
  n.reltablespace, pg_catalog.array_to_string(n.reloptions, ', '), n.relpages,
  pg_catalog.pg_stat_get_numscans(i.indexrelid), i.indpred is not null,
  i.indpred is null and i.indexprs is null or l.relation is null,
  case when l.relation is null then pg_catalog.pg_get_expr(i.indpred, i.indrelid) end,
  case when i.indexprs is not null and l.relation is null then
    (select pg_catalog.string_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k, false), pg_catalog.chr(1)
       order by k)
     from pg_catalog.generate_series(1, i.indnatts::int) k where i.indkey[k - 1] = 0) end,
  coalesce(q.backed, false), coalesce(q.target, false), o.parameters,
  case when l.relation is null and h.inhparent is null
    and (c.relispartition and n.relkind = 'i' or n.relkind = 'I' and not i.indisvalid)
    then pg_catalog.pg_get_indexdef(i.indexrelid) end
from pg_catalog.pg_class c
join pg_catalog.pg_index i on i.indrelid = c.oid and i.indislive
join pg_catalog.pg_class n on n.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = n.relam
left join pg_catalog.pg_inherits h on h.inhrelid = i.indexrelid
left join (select k.conindid, pg_catalog.bool_or(k.contype in ('p', 'u', 'x')) as backed,
             pg_catalog.bool_or(k.contype = 'f') as target
           from pg_catalog.pg_constraint k where k.conindid <> 0 group by 1) q on q.conindid = i.indexrelid
left join (select a.attrelid, pg_catalog.string_agg(
             a.attnum || ' ' || pg_catalog.array_to_string(a.attoptions, ', '), pg_catalog.chr(1) order by a.attnum)
             as parameters
           from pg_catalog.pg_attribute a where a.attoptions is not null group by 1) o on o.attrelid = i.indexrelid
left join ()sql" LOCKED_RELATIONS R"sql() l on l.relation = i.indrelid
where )sql" USER_TABLES R"sql( order by i.indrelid, i.indexrelid)sql";

#if PG_VERSION_NUM >= 180000
#define ENFORCED "k.conenforced"
#else
#define ENFORCED "true"
#endif

constexpr const char* kConstraints = R"sql(
select k.conrelid, k.oid, k.conname, k.contype, k.convalidated, )sql" ENFORCED R"sql(,
  k.conparentid <> 0 or k.coninhcount > 0, k.conkey, k.confrelid, k.conindid,
  case when k.contype = 'f'
    then pg_catalog.quote_ident(f.nspname) || '.' || pg_catalog.quote_ident(r.relname) end,
  case when k.contype = 'f' then
    (select pg_catalog.string_agg(a.attname, pg_catalog.chr(1) order by u.ord)
     from pg_catalog.unnest(k.confkey) with ordinality u (num, ord)
     join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num) end,
  case when not k.convalidated and l.relation is null then pg_catalog.pg_get_constraintdef(k.oid) end
from pg_catalog.pg_class c
join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.contype <> 't'
left join pg_catalog.pg_class r on r.oid = k.confrelid
left join pg_catalog.pg_namespace f on f.oid = r.relnamespace
left join ()sql" LOCKED_RELATIONS R"sql() l on l.relation = k.conrelid
where )sql" USER_TABLES R"sql( order by k.conrelid, k.oid)sql";

constexpr const char* kNames = R"sql(
select c.relnamespace, c.relname from pg_catalog.pg_class c where c.relnamespace = any ($1::oid[]))sql";

constexpr const char* kDefinitions = R"sql(
select x.oid, case when s.spcname is null then x.definition
  else pg_catalog.left(x.definition, -pg_catalog.length(x.condition)) || ' TABLESPACE '
    || pg_catalog.quote_ident(s.spcname) || x.condition end
from (select c.oid, c.reltablespace, pg_catalog.pg_get_indexdef(c.oid) as definition,
        coalesce(' WHERE ' || pg_catalog.pg_get_expr(i.indpred, i.indrelid), '') as condition
      from pg_catalog.pg_class c join pg_catalog.pg_index i on i.indexrelid = c.oid
      where c.oid = any ($1::oid[])) x
left join pg_catalog.pg_tablespace s on s.oid = x.reltablespace
where x.definition is not null)sql";

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = text.find('\1', begin);
    if (end == std::string::npos) end = text.size();
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

template <class Numbers>
std::string oid_array(const Numbers& numbers) {
  return fmt::format("{{{}}}", fmt::join(numbers, ","));
}

/// Fills the model; knows where each table lies.
class Reader {
 public:
  Reader(pg::Spi& spi, const Schemas& schemas, Catalog& catalog)
      : spi_(spi), schemas_(schemas), catalog_(catalog) {
    std::vector<ObjectId> numbers;
    for (auto const& [oid, name] : schemas.names)
      numbers.push_back(oid);
    schema_list_ = oid_array(numbers);
  }

  void read() {
    tables();
    columns();
    indexes();
    constraints();
    names();
  }

 private:
  pg::SqlResult rows(const char* sql) { return spi_.query(sql, {schema_list_}); }

  /// Position of a table, or -1.
  int position(ObjectId oid) const {
    auto const found = positions_.find(oid);
    return found != positions_.end() ? found->second : -1;
  }

  void tables() {
    pg::SqlResult const result = rows(kTables);
    std::vector<ObjectId> parents;
    catalog_.tables.reserve(result.size());
    for (size_t row = 0; row < result.size(); ++row) {
      Table table;
      table.oid = result.oid(row, 0);
      table.schema = schemas_.names.at(result.oid(row, 1));
      table.name = result.text(row, 2);
      table.identity = quote_qualified(table.schema, table.name);
      table.owner = result.oid(row, 3);
      table.kind = static_cast<TableKind>(result.text(row, 4).front());
      table.partition = result.boolean(row, 5);
      parents.push_back(result.oid(row, 6));
      table.rows = result.float8(row, 7);
      table.pages = result.int8(row, 8);
      table.sequential_scans = result.int8(row, 9);
      table.inserts = result.int8(row, 10);
      table.updates = result.int8(row, 11);
      table.deletes = result.int8(row, 12);
      table.maintenance = result.boolean(row, 13);
      table.live = result.float8(row, 14);
      table.row_security = result.boolean(row, 15);
      table.force_row_security = result.boolean(row, 16);
      table.granted = result.boolean(row, 17);
      table.unlogged = result.boolean(row, 18);
      positions_.emplace(table.oid, static_cast<int>(row));
      catalog_.tables.push_back(std::move(table));
    }
    for (size_t i = 0; i < parents.size(); ++i)
      catalog_.tables[i].parent = position(parents[i]);
    mark_foreign_leaves();
  }

  void mark_foreign_leaves() {
    pg::SqlResult const result = rows(kForeignLeaves);
    for (size_t row = 0; row < result.size(); ++row)
      for (int at = position(result.oid(row, 0)); at >= 0;) {
        Table& table = catalog_.tables[static_cast<size_t>(at)];
        table.foreign_leaf = true;
        at = table.parent;
      }
  }

  void columns() {
    pg::SqlResult const result = rows(kColumns);
    catalog_.columns.reserve(result.size());
    for (size_t row = 0; row < result.size(); ++row) {
      int const table = position(result.oid(row, 0));
      if (table < 0) continue;
      catalog_.columns.push_back({table, static_cast<int>(result.int8(row, 1)), result.text(row, 2),
                                  result.text(row, 3), result.boolean(row, 4), result.boolean(row, 5)});
    }
  }

  void indexes() {
    pg::SqlResult const result = rows(kIndexes);
    catalog_.indexes.reserve(result.size());
    for (size_t row = 0; row < result.size(); ++row) {
      int const table = position(result.oid(row, 0));
      if (table < 0) continue;
      Index index = index_of(result, row, table);
      index_columns(result, row, index);
      catalog_.tables[static_cast<size_t>(table)].index_scans += index.scans;
      catalog_.indexes.push_back(std::move(index));
    }
  }

  Index index_of(const pg::SqlResult& result, size_t row, int table) const {
    Index index;
    index.oid = result.oid(row, 1);
    index.table = table;
    index.name = result.text(row, 2);
    index.identity = quote_qualified(catalog_.tables[static_cast<size_t>(table)].schema, index.name);
    index.method = result.text(row, 3);
    index.key_count = static_cast<int>(result.int8(row, 8));
    index.unique = result.boolean(row, 9);
    index.nulls_not_distinct = result.boolean(row, 10);
    index.primary = result.boolean(row, 11);
    index.exclusion = result.boolean(row, 12);
    index.immediate = result.boolean(row, 13);
    index.valid = result.boolean(row, 14);
    index.ready = result.boolean(row, 15);
    index.replica_identity = result.boolean(row, 16);
    index.clustered = result.boolean(row, 17);
    index.partitioned = result.boolean(row, 18);
    index.parent = result.oid(row, 19);
    index.tablespace = result.oid(row, 20);
    index.options = result.text(row, 21);
    index.pages = result.int8(row, 22);
    index.scans = result.int8(row, 23);
    index.partial = result.boolean(row, 24);
    index.deparsed = result.boolean(row, 25);
    index.predicate = result.text(row, 26);
    index.constraint = result.boolean(row, 28);
    index.key_target = result.boolean(row, 29);
    index.definition = result.text(row, 31);
    return index;
  }

  void index_columns(const pg::SqlResult& result, size_t row, Index& index) {
    auto const numbers = numbers_in(result.text(row, 4));
    auto const opclasses = numbers_in(result.text(row, 5));
    auto const collations = numbers_in(result.text(row, 6));
    auto const options = numbers_in(result.text(row, 7));
    auto const expressions = split(result.text(row, 27));
    size_t next_expression = 0;
    index.columns.begin = static_cast<int>(catalog_.index_columns.size());
    for (size_t i = 0; i < numbers.size(); ++i) {
      IndexColumn column;
      column.number = static_cast<int>(numbers[i]);
      column.key = static_cast<int>(i) < index.key_count;
      if (column.key && i < opclasses.size()) {
        column.opclass = static_cast<ObjectId>(opclasses[i]);
        column.collation = static_cast<ObjectId>(collations[i]);
        column.options = static_cast<int>(options[i]);
      }
      if (column.number == 0 && next_expression < expressions.size())
        column.expression = expressions[next_expression++];
      catalog_.index_columns.push_back(std::move(column));
    }
    index.columns.end = static_cast<int>(catalog_.index_columns.size());
    for (auto const& numbered : split(result.text(row, 30)))
      if (auto const blank = numbered.find(' '); blank != std::string::npos)
        catalog_.index_columns[static_cast<size_t>(index.columns.begin + std::stoi(numbered) - 1)]
            .parameters = numbered.substr(blank + 1);
  }

  void constraints() {
    pg::SqlResult const result = rows(kConstraints);
    catalog_.constraints.reserve(result.size());
    for (size_t row = 0; row < result.size(); ++row) {
      int const table = position(result.oid(row, 0));
      if (table < 0) continue;
      Constraint constraint;
      constraint.oid = result.oid(row, 1);
      constraint.table = table;
      constraint.name = result.text(row, 2);
      constraint.type = result.text(row, 3).front();
      constraint.validated = result.boolean(row, 4);
      constraint.enforced = result.boolean(row, 5);
      constraint.inherited = result.boolean(row, 6);
      for (int64_t const number : numbers_in(result.text(row, 7)))
        constraint.columns.push_back(static_cast<int>(number));
      constraint.referenced_oid = result.oid(row, 8);
      constraint.index = result.oid(row, 9);
      constraint.referenced = result.text(row, 10);
      constraint.targets = split(result.text(row, 11));
      constraint.definition = result.text(row, 12);
      catalog_.constraints.push_back(std::move(constraint));
    }
  }

  void names() {
    pg::SqlResult const result = rows(kNames);
    for (size_t row = 0; row < result.size(); ++row)
      catalog_.relation_names.insert(
          quote_qualified(schemas_.names.at(result.oid(row, 0)), result.text(row, 1)));
  }

  pg::Spi& spi_;
  const Schemas& schemas_;
  Catalog& catalog_;
  std::string schema_list_;
  std::unordered_map<ObjectId, int> positions_;
};

}  // namespace

Catalog read_catalog(const std::vector<std::string>& schemas) {
  return pg::rolled_back([&] {
    Catalog catalog;
    pg::Spi spi;
    catalog.server = read_facts(spi);
    Schemas seen = read_schemas(spi, schemas);
    Reader(spi, seen, catalog).read();
    read_partitions(spi, seen, catalog);
    catalog.link();
    read_audits(spi, catalog);
    catalog.hidden_schemas = std::move(seen.hidden);
    return catalog;
  });
}

std::vector<std::pair<ObjectId, std::string>> read_index_definitions(const std::vector<ObjectId>& indexes) {
  std::vector<std::pair<ObjectId, std::string>> definitions;
  if (indexes.empty()) return definitions;
  return pg::rolled_back([&] {
    pg::Spi spi;
    pg::SqlResult const result = spi.query(kDefinitions, {oid_array(indexes)});
    for (size_t row = 0; row < result.size(); ++row)
      definitions.emplace_back(result.oid(row, 0), result.text(row, 1));
    return std::move(definitions);
  });
}

}  // namespace deal::server
