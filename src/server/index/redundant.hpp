/// Existing indexes that another existing index makes superfluous.
#pragma once

#include "server/index/tables.hpp"

namespace deal::server {

/// One index to drop and the one that does its work.
struct RedundantIndex {
  const ExistingIndex* index;
  const ExistingIndex* keeper;
  int table;          ///< position in the registry
  double write_cost;  ///< what keeping it costs the workload today; filled by whoever prices it
  bool equal;         ///< same key: a duplicate; else the key is a prefix of the keeper's
};

/// Duplicates and covered prefixes among plain B-trees of the tables. Indexes that back a constraint, serve
/// as replica identity or cluster key, or are unique are never dropped, only kept. No keeper is itself
/// dropped.
std::vector<RedundantIndex> redundant_indexes(const std::vector<IndexedTable>& tables);

}  // namespace deal::server
