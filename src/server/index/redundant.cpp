#include "server/index/redundant.hpp"

#include <algorithm>

namespace deal::server {

namespace {

/// Of two equal indexes the one that must stay, else the older one.
bool outranks(const ExistingIndex& a, const ExistingIndex& b) {
  if (a.candidate.droppable != b.candidate.droppable) return !a.candidate.droppable;
  return a.oid < b.oid;
}

const ExistingIndex* keeper_of(const IndexedTable& table, const ExistingIndex& index) {
  const ExistingIndex* best = nullptr;
  for (auto const& other : table.indexes) {
    if (&other == &index || !index::covers(other.candidate, index.candidate)) continue;
    bool const equal = index::covers(index.candidate, other.candidate);
    if (equal && !outranks(other, index)) continue;
    if (best == nullptr || other.candidate.keys.size() > best->candidate.keys.size()) best = &other;
  }
  return best;
}

}  // namespace

std::vector<RedundantIndex> redundant_indexes(const std::vector<IndexedTable>& tables) {
  std::vector<RedundantIndex> found;
  for (size_t number = 0; number < tables.size(); ++number) {
    if (tables[number].partitioned) continue;
    for (auto const& index : tables[number].indexes) {
      if (!index.candidate.droppable) continue;
      // The longest key that covers it: nothing outranks that one, so it stays.
      const ExistingIndex* const keeper = keeper_of(tables[number], index);
      if (keeper != nullptr)
        found.push_back(
            {&index, keeper, static_cast<int>(number), 0, index::covers(index.candidate, keeper->candidate)});
    }
  }
  return found;
}

}  // namespace deal::server
