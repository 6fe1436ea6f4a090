/// Existing indexes that another existing index makes superfluous, as rows of advice.
#pragma once

#include <string>
#include <vector>

#include "server/index/tables.hpp"

namespace deal::server {

/// One index to drop.
struct RedundantIndex {
  Oid oid;
  Oid table;
  std::string name;        ///< schema-qualified and quoted
  std::string relation;    ///< its table, the same
  std::string why;         ///< which index does its work
  std::string definition;  ///< the statement that builds it again
  int64_t bytes;           ///< on disk now
  double write_cost;       ///< what keeping it costs the workload today; filled by whoever prices it
};

/// Duplicates and covered indexes of the schemas (none: all that the caller may see), by the rules of
/// index::find_redundant.
std::vector<RedundantIndex> redundant_indexes(const std::vector<std::string>& schemas);

}  // namespace deal::server
