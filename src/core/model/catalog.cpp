#include "core/model/catalog.hpp"

#include <algorithm>

#include "core/base/quote.hpp"

namespace deal {

namespace {

/// Gives every table the range of its entries; the entries are ordered by the table that `owner` names.
template <class Entry>
void set_ranges(std::vector<Table>& tables, const std::vector<Entry>& entries, Range Table::*range,
                int Entry::*owner = &Entry::table) {
  for (Table& table : tables)
    table.*range = {};
  int const count = static_cast<int>(entries.size());
  for (int begin = 0; begin < count;) {
    int const table = entries[static_cast<size_t>(begin)].*owner;
    int end = begin + 1;
    while (end < count && entries[static_cast<size_t>(end)].*owner == table)
      ++end;
    tables[static_cast<size_t>(table)].*range = {begin, end};
    begin = end;
  }
}

}  // namespace

void Catalog::link() {
  set_ranges(tables, columns, &Table::columns);
  set_ranges(tables, indexes, &Table::indexes);
  set_ranges(tables, constraints, &Table::constraints);
  set_ranges(tables, partition_bounds, &Table::bounds, &PartitionBound::parent);
  children_.clear();
  for (size_t i = 0; i < tables.size(); ++i)
    if (tables[i].parent >= 0) children_.emplace_back(tables[i].parent, static_cast<int>(i));
  std::sort(children_.begin(), children_.end());
}

const Table* Catalog::table(ObjectId oid) const {
  auto const found = std::lower_bound(tables.begin(), tables.end(), oid,
                                      [](const Table& t, ObjectId number) { return t.oid < number; });
  return found != tables.end() && found->oid == oid ? &*found : nullptr;
}

const Column* Catalog::column(const Table& table, int number) const {
  auto const all = columns_of(table);
  auto const found =
      std::lower_bound(all.begin(), all.end(), number, [](const Column& c, int n) { return c.number < n; });
  return found != all.end() && found->number == number ? &*found : nullptr;
}

std::vector<std::string> Catalog::column_names(const Table& table, std::span<const int> numbers) const {
  std::vector<std::string> names;
  for (int const number : numbers) {
    const Column* const found = column(table, number);
    names.push_back(found != nullptr ? found->name : std::string());
  }
  return names;
}

std::vector<int> Catalog::partitions_of(int table) const {
  std::vector<int> partitions;
  auto at = std::lower_bound(children_.begin(), children_.end(), std::pair(table, -1));
  for (; at != children_.end() && at->first == table; ++at)
    partitions.push_back(at->second);
  return partitions;
}

const PartitionKey* Catalog::partition_key(int table) const {
  auto const found = std::lower_bound(partition_keys.begin(), partition_keys.end(), table,
                                      [](const PartitionKey& key, int number) { return key.table < number; });
  return found != partition_keys.end() && found->table == table ? &*found : nullptr;
}

const PartitionSet* Catalog::partition_set(int table) const {
  auto const found = std::find_if(partition_sets.begin(), partition_sets.end(),
                                  [&](const PartitionSet& set) { return set.table == table; });
  return found != partition_sets.end() ? &*found : nullptr;
}

std::string quoted_list(std::span<const std::string> names) {
  std::string list;
  for (auto const& name : names) {
    if (!list.empty()) list += ", ";
    list += quote_identifier(name);
  }
  return list;
}

}  // namespace deal
