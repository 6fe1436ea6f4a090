/// Bloat of a table, its TOAST table and their B-trees, by reading some of their pages.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/bloat/estimate.hpp"
#include "server/bridge/pg.hpp"

namespace deal::server {

/// One relation of a table.
struct BloatPart {
  Oid relation = InvalidOid;
  std::string kind;  ///< table, toast, index or toast index
  int64_t bytes = 0;
  int64_t pages_read = 0;
  bloat::Estimate estimate;
  std::string withheld;  ///< why nothing is said of it; empty: it is
};

struct BloatRequest {
  Oid table = InvalidOid;
  int most_pages = 3000;  ///< of each relation
};

/// The table, its TOAST table and their indexes, of all partitions if it has any. So many pages are read that
/// the gain is known to half a percent of the relation (300 to begin with), most_pages at most. Errors: 42809
/// what has no pages; 42501 the caller may neither read the table nor has pg_stat_scan_tables.
std::vector<BloatPart> measure_bloat(const BloatRequest& request);

}  // namespace deal::server
