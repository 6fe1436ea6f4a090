#include "server/index/write_load.hpp"

#include <algorithm>
#include <map>

#include "core/index/write_cost.hpp"

extern "C" {
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
}

namespace deal::server {

namespace {

constexpr int kUsualRootLevel = 2;        ///< of existing indexes: millions of entries
constexpr int64_t kUpdatesThatTell = 50;  ///< of a table, before its share of heap-only ones means something

index::CostSettings cost_settings() {
  return {random_page_cost, cpu_index_tuple_cost, cpu_operator_cost};
}

/// No indexed column is assigned: with room in the page such an update needs no index entry.
bool may_be_heap_only(const WriteProfile& writes, const IndexedTable& table) {
  return !writes.all_columns &&
         std::none_of(writes.updated.begin(), writes.updated.end(),
                      [&](int32_t attno) { return table.indexed[static_cast<size_t>(attno) - 1]; });
}

/// Of the updates that may be heap-only, how many are. The table's counters know no statements: they are
/// put down to those that may. Too few updates say nothing; pages then are taken to have room.
double heap_only_share(const IndexedTable& table, double not_indexed) {
  if (table.updates < kUpdatesThatTell) return 1;
  double const share =
      static_cast<double>(table.heap_only_updates) / static_cast<double>(table.updates) / not_indexed;
  return std::clamp(share, 0.0, 1.0);
}

/// Of one row, in all indexes of the table but those that go anyway.
double entries_today(const IndexedTable& table, const std::vector<Oid>& gone) {
  auto const stays =
      std::count_if(table.indexes.begin(), table.indexes.end(), [&](const ExistingIndex& index) {
        return std::find(gone.begin(), gone.end(), index.oid) == gone.end();
      });
  return static_cast<double>(stays) * index::entry_cost(kUsualRootLevel, cost_settings());
}

}  // namespace

bool changes_entries(const index::CandidateIndex& index, const WriteProfile& writes,
                     const Vocabulary& words) {
  if (writes.all_columns) return true;
  auto const touched = [&](int32_t attno) {
    return std::find(writes.updated.begin(), writes.updated.end(), attno) != writes.updated.end();
  };
  auto const reads_touched = [&](int32_t number) {
    auto const columns = columns_read(words, number);
    return std::any_of(columns.begin(), columns.end(), touched);
  };
  return std::any_of(index.keys.begin(), index.keys.end(),
                     [&](const index::KeyColumn& key) {
                       return key.attno > 0 ? touched(key.attno) : reads_touched(key.attno);
                     }) ||
         std::any_of(index.include.begin(), index.include.end(), touched) ||
         (index.predicate != 0 && reads_touched(index.predicate));
}

double entry_cost(index::AccessMethod method, const index::SizeEstimate& size, double table_rows) {
  double const tree = index::entry_cost(size.root_level, cost_settings());
  double const indexed = table_rows > 0 ? std::clamp(size.rows / table_rows, 0.0, 1.0) : 1.0;
  switch (method) {
    case index::AccessMethod::brin:
      return tree * index::kRangeEntry;
    case index::AccessMethod::gin: {
      double const entries = size.rows > 0 ? std::max(1.0, size.leaf_tuples / size.rows) : 1.0;
      return tree * entries * index::kPendingEntry * indexed;
    }
    default:
      return tree * indexed;
  }
}

double upkeep_today(const std::vector<index::WriteLoad>& loads, int32_t table) {
  double rows = 0;
  for (auto const& load : loads)
    if (load.table == table) rows += load.rows * (1 - load.heap_only);
  return rows * index::entry_cost(kUsualRootLevel, cost_settings());
}

std::vector<index::WriteLoad> write_loads(const AnalysedWorkload& workload,
                                          const std::vector<IndexedTable>& tables,
                                          const std::vector<Oid>& gone, const BreakersOf& breakers_of) {
  struct Updates {
    double all = 0;
    double not_indexed = 0;  ///< those that change no indexed column
  };
  std::map<Oid, Updates> updates;
  auto const each = [&](auto const& take) {
    for (auto const& one : workload.plannable)
      for (auto const& writes : one.writes)
        for (size_t number = 0; number < tables.size(); ++number)
          if (tables[number].oid == writes.target)
            take(writes, static_cast<int32_t>(number), one.statement.calls * writes.rows);
  };
  each([&](const WriteProfile& writes, int32_t number, double rows) {
    if (writes.all_columns) return;
    IndexedTable const& table = tables[static_cast<size_t>(number)];
    updates[table.oid].all += rows;
    if (may_be_heap_only(writes, table)) updates[table.oid].not_indexed += rows;
  });
  std::vector<index::WriteLoad> loads;
  each([&](const WriteProfile& writes, int32_t number, double rows) {
    IndexedTable const& table = tables[static_cast<size_t>(number)];
    Updates const& seen = updates[table.oid];
    index::WriteLoad load;
    load.table = number;
    load.rows = rows;
    load.entries_today = entries_today(table, gone);
    if (may_be_heap_only(writes, table))
      load.heap_only = heap_only_share(table, seen.all > 0 ? seen.not_indexed / seen.all : 1);
    if (load.heap_only > 0) load.breakers = breakers_of(number, writes);
    loads.push_back(std::move(load));
  });
  return loads;
}

}  // namespace deal::server
