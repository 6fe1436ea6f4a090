/// Indexes that nothing has searched.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/index/redundancy.hpp"
#include "core/model/catalog.hpp"

namespace deal::review {

/// An index without a scan since the statistics began.
struct UnusedIndex {
  int index = 0;           ///< position in Catalog::indexes
  std::int64_t pages = 0;  ///< those of its partitions' indexes included
};

/// Why usage counters say nothing of what is unused; empty when they do: in recovery, not known since when
/// they count, or for less than `min_age` seconds, which the option of that name sets.
std::string usage_unknown(const Catalog& catalog, double min_age, std::string_view option);

/// Since when the counters count, as "45 days".
std::string usage_age(const Catalog& catalog);

/// Complete indexes that were never scanned and that nothing but searches needs: not unique, no constraint
/// or foreign key relies on them, no replica identity, none to cluster by, no part of a partitioned index
/// (whose scans count for the whole), and not parties of a redundancy, which is advised on as such.
std::vector<UnusedIndex> unused_indexes(const Catalog& catalog,
                                        const std::vector<index::Redundancy>& redundancies);

}  // namespace deal::review
