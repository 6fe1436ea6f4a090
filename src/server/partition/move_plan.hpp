/// Moves that users ask for: emptying the default partition, splitting a partition, merging some.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/partition/move_run.hpp"

namespace deal::server {

/// What the three procedures have in common.
struct MoveRequest {
  MoveManner manner;
  std::string options = "{}";
};

/// Empties the default partition of a set into partitions of their own. Commits. Errors: 42704 no such set,
/// no default partition; 42501; 54000 more partitions than allowed; those of refuse_move and run_move; 55000
/// when the table keeps changing.
void drain_default(ObjectId parent, MoveRequest request);

/// Splits a partition at the given boundaries, or (nothing given) at those of its set's grid; a partition
/// without a lower or upper bound only around its rows. Commits.
void split_partition(ObjectId partition, const std::optional<std::vector<std::string>>& cuts,
                     MoveRequest request);

/// Gives the rows of a partition without a lower or upper bound partitions of their own, made as maintenance
/// makes them; goes on with such a division that was interrupted. Nothing to do if the partition has no rows
/// or is one no more. Commits. Errors: those of a split.
void divide_partition(ObjectId parent, ObjectId partition, MoveRequest request);

/// Makes one partition of neighbours. Commits. Errors: 22023 when they are none.
void merge_partitions(const std::vector<ObjectId>& partitions, MoveRequest request);

}  // namespace deal::server
