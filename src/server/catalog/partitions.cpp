#include "server/catalog/partitions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "core/base/quote.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/catalog/bound_tree.hpp"
#include "server/catalog/partition_sets.hpp"

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
    sets();
    sort_bounds();  // once a set has said what its keys mean
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

  void sets() {
    auto const failure =
        pg::attempt(pg::OnSuccess::commit, [&] { read_partition_sets(spi_, schemas_, catalog_); });
    if (!failure) return;
    catalog_.partition_sets.clear();
    catalog_.partition_sets_unknown = failure->message;
  }

  void sort_bounds() {
    std::sort(catalog_.partition_bounds.begin(), catalog_.partition_bounds.end(),
              [](const PartitionBound& a, const PartitionBound& b) {
                return std::tie(a.parent, a.is_default, a.from, a.to, a.identity) <
                       std::tie(b.parent, b.is_default, b.from, b.to, b.identity);
              });
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
