/// Where the keys of a partition's rows lie.
#pragma once

#include <vector>

#include "core/partition/move_ranges.hpp"
#include "server/partition/table.hpp"

namespace deal::server {

/// The ranges of the grid, cut where partitions are, of which a partition has finite keys before `until`.
/// Reads with the rights of the table's owner. Errors: 54000 for more than `most`.
std::vector<partition::KeyRange> ranges_with_rows(const PartitionedTable& table, const partition::Grid& grid,
                                                  const partition::Partition& leaf, partition::Position until,
                                                  std::size_t most);

/// Boundaries of the grid that cut a partition so that each step with rows has a partition of its own, and
/// what lies between such steps one too; none if there are no finite keys. For partitions without a lower or
/// an upper bound, which have too many boundaries to cut at each. Errors: 54000 for more than `most` steps.
std::vector<partition::Position> cuts_around_rows(const PartitionedTable& table, const partition::Grid& grid,
                                                  const partition::Partition& leaf, std::size_t most);

/// The kind of the key of a partitioned table, by its type. Errors: 42809, 42804.
partition::KeyKind key_kind_of(ObjectId parent);

}  // namespace deal::server
