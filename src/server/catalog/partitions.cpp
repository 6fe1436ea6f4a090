#include "server/catalog/partitions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "core/base/quote.hpp"
#include "server/bridge/data_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/catalog/bound_tree.hpp"

namespace deal::server {

namespace {

constexpr const char* kKeys = R"sql(
select t.partrelid, t.partstrat, t.partattrs::text, pg_catalog.pg_get_partkeydef(t.partrelid), a.atttypid
from pg_catalog.pg_partitioned_table t
join pg_catalog.pg_class c on c.oid = t.partrelid and c.relnamespace = any ($1::oid[])
left join pg_catalog.pg_attribute a on a.attrelid = t.partrelid and a.attnum = t.partattrs[0]
order by t.partrelid)sql";

constexpr const char* kBounds = R"sql(
select i.inhparent, i.inhrelid, n.nspname, c.relname, c.relkind = 'f', i.inhdetachpending, c.relpartbound::text
from pg_catalog.pg_class p
join pg_catalog.pg_inherits i on i.inhparent = p.oid
join pg_catalog.pg_class c on c.oid = i.inhrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where p.relnamespace = any ($1::oid[]) and p.relkind = 'p' and c.relpartbound is not null)sql";

// A privilege counts as the parent's when PUBLIC has it there, or the same role, or when that role owns it.
constexpr const char* kPrivileges = R"sql(
select c.oid, g.privilege_type || ' ' || case when g.grantee = 0 then 'PUBLIC'
  else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) end
from pg_catalog.pg_class c
join pg_catalog.pg_inherits i on i.inhrelid = c.oid
join pg_catalog.pg_class p on p.oid = i.inhparent
cross join lateral pg_catalog.aclexplode(c.relacl) g
where c.relnamespace = any ($1::oid[]) and c.relispartition and c.relkind in ('r', 'p')
  and g.grantee not in (c.relowner, p.relowner)
  and not exists (select from pg_catalog.aclexplode(p.relacl) h
                  where h.privilege_type = g.privilege_type and h.grantee in (0, g.grantee))
order by c.oid, 2)sql";

// Of keys that count time, now and later are moments on the set's calendar; integers have none.
constexpr const char* kSets = R"sql(
select s.schema_name, s.table_name, s.owner_name, s.key_column, s.key_kind <> 'integer', s.step,
  case when s.key_kind = 'integer' then s.step::bigint else (extract(epoch from s.step::interval) * 1000000)::bigint end,
  s.premake,
  case when s.key_kind <> 'integer' then (extract(epoch from greatest(
    (z.local + s.premake * s.step::interval) at time zone s.zone,
    (z.local + s.horizon::interval) at time zone s.zone) - m.epoch) * 1000000)::bigint end,
  s.retention,
  case when s.key_kind = 'integer' then s.retention::bigint
    else (extract(epoch from s.retention::interval) * 1000000)::bigint end,
  case when s.key_kind <> 'integer' then (extract(epoch from
    (z.local - s.retention::interval) at time zone s.zone - m.epoch) * 1000000)::bigint end,
  s.retire, s.options ->> 'archive_schema',
  exists (select from pg_catalog.pg_namespace a where a.nspname = s.options ->> 'archive_schema'),
  s.use_default, s.enabled, c.oid, pg_catalog.pg_get_userbyid(c.relowner), n.oid, n.oid is null
from deal_advisor.partition_set s
cross join (select timestamptz '2000-01-01 00:00:00+00' as epoch) m
cross join lateral (select pg_catalog.now() at time zone s.zone as local) z
left join pg_catalog.pg_namespace n on n.nspname = s.schema_name
left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = s.table_name
order by s.schema_name, s.table_name)sql";

constexpr const char* kRuns = R"sql(
select schema_name, table_name, (extract(epoch from last_run) * 1000000)::bigint,
  (extract(epoch from last_ok) * 1000000)::bigint, (extract(epoch from next_try) * 1000000)::bigint, failures,
  last_error
from deal_advisor_data.partition_run)sql";

/// Fills in what is about partitions.
class Reader {
 public:
  Reader(pg::Spi& spi, const Schemas& schemas, Catalog& catalog)
      : spi_(spi), schemas_(schemas), catalog_(catalog) {
    std::vector<ObjectId> numbers;
    for (auto const& [oid, name] : schemas.names)
      numbers.push_back(oid);
    schema_list_ = fmt::format("{{{}}}", fmt::join(numbers, ","));
    for (size_t i = 0; i < catalog.tables.size(); ++i)
      positions_.emplace(catalog.tables[i].oid, static_cast<int>(i));
  }

  void read() {
    pg::LocalSettings const settings;  // literals that read the same in every session
    settings.set("datestyle", "ISO, YMD");
    settings.set("timezone", "UTC");
    keys();
    bounds();
    privileges();
    read_sets();
  }

 private:
  int position(ObjectId oid) const {
    auto const found = positions_.find(oid);
    return found != positions_.end() ? found->second : -1;
  }

  void keys() {
    pg::SqlResult const rows = spi_.query(kKeys, {schema_list_});
    for (size_t row = 0; row < rows.size(); ++row) {
      PartitionKey key;
      key.table = position(rows.oid(row, 0));
      if (key.table < 0) continue;
      key.strategy = static_cast<PartitionStrategy>(rows.text(row, 1).front());
      for (int64_t const number : numbers_in(rows.text(row, 2)))
        key.columns.push_back(static_cast<int>(number));
      key.definition = rows.text(row, 3);
      if (key.strategy == PartitionStrategy::range && key.columns.size() == 1 && !rows.is_null(row, 4))
        key.axis = axis_of(rows.oid(row, 4));
      catalog_.partition_keys.push_back(std::move(key));
    }
    std::sort(catalog_.partition_keys.begin(), catalog_.partition_keys.end(),
              [](const PartitionKey& a, const PartitionKey& b) { return a.table < b.table; });
  }

  void bounds() {
    pg::SqlResult const rows = spi_.query(kBounds, {schema_list_});
    for (size_t row = 0; row < rows.size(); ++row) {
      PartitionBound bound;
      bound.parent = position(rows.oid(row, 0));
      if (bound.parent < 0) continue;
      bound.table = position(rows.oid(row, 1));
      bound.identity = quote_qualified(rows.text(row, 2), rows.text(row, 3));
      bound.foreign = rows.boolean(row, 4);
      bound.detaching = rows.boolean(row, 5);
      read_bound_tree(rows.text(row, 6), bound);
      catalog_.partition_bounds.push_back(std::move(bound));
    }
    std::sort(catalog_.partition_bounds.begin(), catalog_.partition_bounds.end(),
              [](const PartitionBound& a, const PartitionBound& b) {
                return std::tie(a.parent, a.is_default, a.from, a.to, a.identity) <
                       std::tie(b.parent, b.is_default, b.from, b.to, b.identity);
              });
  }

  void privileges() {
    pg::SqlResult const rows = spi_.query(kPrivileges, {schema_list_});
    for (size_t row = 0; row < rows.size(); ++row) {
      int const table = position(rows.oid(row, 0));
      if (table < 0) continue;
      auto& all = catalog_.leaf_privileges;
      if (all.empty() || all.back().table != table) all.push_back({table, {}});
      all.back().beyond_parent.push_back(rows.text(row, 1));
    }
  }

  void read_sets() {
    auto const failure = pg::attempt(pg::OnSuccess::commit, [&] { sets(); });
    if (failure) {
      catalog_.partition_sets.clear();
      catalog_.partition_sets_unknown = failure->message;
      return;
    }
    pg::attempt(pg::OnSuccess::commit, [&] { runs(); });  // without a record the sets are still worth a look
  }

  /// Members of the extension: nobody has rights on them, so they are read as their owner.
  pg::SqlResult rows_of_sets() {
    ObjectId const owner = spi_.query(
                                   "select relowner from pg_catalog.pg_class where oid = "
                                   "'deal_advisor.partition_set'::pg_catalog.regclass")
                               .oid(0, 0);
    pg::AsRole const as_owner(owner);
    pg::Spi spi;
    return spi.query(kSets);
  }

  void sets() {
    pg::SqlResult const rows = rows_of_sets();
    for (size_t row = 0; row < rows.size(); ++row) {
      bool const schema_gone = rows.boolean(row, 20);
      // Of a schema that is gone only those who see all of them hear.
      bool const seen = schema_gone ? schemas_.all : schemas_.names.contains(rows.oid(row, 19));
      if (seen) catalog_.partition_sets.push_back(set_of(rows, row));
    }
  }

  PartitionSet set_of(const pg::SqlResult& rows, size_t row) const {
    PartitionSet set;
    set.schema = rows.text(row, 0);
    set.name = rows.text(row, 1);
    set.identity = quote_qualified(set.schema, set.name);
    set.owner = rows.text(row, 2);
    set.column = rows.text(row, 3);
    set.time = rows.boolean(row, 4);
    set.step = rows.text(row, 5);
    set.step_length = rows.int8(row, 6);
    set.premake = static_cast<int>(rows.int8(row, 7));
    if (!rows.is_null(row, 8)) set.wanted_until = rows.int8(row, 8);
    set.retention = rows.text(row, 9);
    set.retention_length = rows.int8(row, 10);
    if (!rows.is_null(row, 11)) set.keep_from = rows.int8(row, 11);
    set.retire = rows.text(row, 12);
    set.archive_schema = rows.text(row, 13);
    set.archive_schema_exists = rows.boolean(row, 14);
    set.use_default = rows.boolean(row, 15);
    set.enabled = rows.boolean(row, 16);
    set.exists = !rows.is_null(row, 17);
    set.table = set.exists ? position(rows.oid(row, 17)) : -1;
    set.owner_now = rows.text(row, 18);
    return set;
  }

  void runs() {
    static constexpr pg::DataTable kTable{"partition_run", ""};
    if (!pg::data_table_exists(kTable)) return;
    pg::SqlResult const rows = pg::read_data(kRuns, {});
    for (size_t row = 0; row < rows.size(); ++row)
      for (auto& set : catalog_.partition_sets) {
        if (set.schema != rows.text(row, 0) || set.name != rows.text(row, 1)) continue;
        set.run_known = true;
        set.last_run = rows.int8(row, 2);
        set.last_ok = rows.int8(row, 3);
        set.next_try = rows.int8(row, 4);
        set.failures = static_cast<int>(rows.int8(row, 5));
        set.last_error = rows.text(row, 6);
      }
  }

  pg::Spi& spi_;
  const Schemas& schemas_;
  Catalog& catalog_;
  std::string schema_list_;
  std::unordered_map<ObjectId, int> positions_;
};

}  // namespace

void read_partitions(pg::Spi& spi, const Schemas& schemas, Catalog& catalog) {
  Reader(spi, schemas, catalog).read();
}

}  // namespace deal::server
