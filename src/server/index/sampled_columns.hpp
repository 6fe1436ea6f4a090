/// What the size models ask of sampled columns, whatever the access method.
#pragma once

#include "core/index/method_size.hpp"
#include "server/index/table_sample.hpp"

namespace deal::server {

/// Rows of which a GiST opclass is asked about each one.
inline constexpr int kCompressedRows = 4000;

/// Rounds an offset up to a multiple of `align`.
double align_up(double offset, double align);

/// Mean stored size of those values that go into the index (`kept`, not null), and their alignment.
index::StoredItem mean_item(const StoredColumn& column, const std::vector<bool>& kept);

/// Rows of the whole table for which the sample's `kept` stand.
double rows_in_index(const TableSample& sample, const std::vector<bool>& kept);

/// Mean bytes that the index's columns from `first` on add to a tuple, as its opclasses store them.
double further_bytes(TableSample& sample, const Hypothetical& index, int first,
                     const std::vector<bool>& kept);

}  // namespace deal::server
