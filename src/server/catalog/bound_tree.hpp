/// A partition's bounds from the tree that pg_class.relpartbound holds.
#pragma once

#include <string>

#include "core/model/catalog.hpp"

namespace deal::server {

/// Fills in the default flag, the text and, of range partitions by one column, both ends with their positions
/// where the type has them (timestamps, dates, integers). `tree` is the text of relpartbound. Opens nothing.
void read_bound_tree(const std::string& tree, PartitionBound& bound);

/// The axis of a range key of one column of this type.
PartitionAxis axis_of(ObjectId type);

}  // namespace deal::server
