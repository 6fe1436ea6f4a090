/// Existing indexes that are superfluous whatever is built: another one does their work, or there is none.
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
  std::string why;         ///< which index does its work, or for how long it had none
  std::string definition;  ///< the statement that builds it again
  int64_t bytes;           ///< on disk now
  double write_cost;       ///< what keeping it costs the workload today; filled by whoever prices it
};

/// Existing indexes that may go.
struct SuperfluousIndexes {
  std::vector<RedundantIndex> redundant;  ///< whatever the workload says
  std::vector<RedundantIndex> unused;     ///< without a scan for long; if the workload doesn't miss them
};

/// Duplicates and covered indexes of the schemas (none: all that the caller may see), by the rules of
/// index::find_redundant; and those unused for `unused_after` seconds, by the rules of
/// review::unused_indexes. Nothing is unused where the counters don't reach as far back, or on a standby.
SuperfluousIndexes superfluous_indexes(const std::vector<std::string>& schemas, double unused_after);

}  // namespace deal::server
