/// What the size models of the access methods other than B-tree want to know of a sample: keys that an
/// opclass takes apart or compresses. The opclass's code runs read only, as the table's owner if the current
/// role could act as the owner, else as the current role.
#pragma once

#include "server/index/table_sample.hpp"

namespace deal::server {

/// The (key, row) pairs of a GIN index, from the opclass's extractValue; row.key_bytes are the entry's before
/// its list of rows. At most about `most_pairs`, from evenly chosen blocks. `indexed_rows` gets the rows of
/// the whole table that go in.
index::KeySample gin_sample(TableSample& sample, const Hypothetical& index, int most_pairs,
                            double& indexed_rows);

/// Estimates a BRIN, GiST or SP-GiST index from the sample.
index::SizeEstimate estimate_brin(TableSample& sample, const Hypothetical& index);
/// True when a few rows of each block stretch the range of the index's first column (see
/// index::has_outliers).
bool stretched_ranges(const TableSample& sample, const Hypothetical& index);
index::SizeEstimate estimate_gist(TableSample& sample, const Hypothetical& index);
index::SizeEstimate estimate_spgist(TableSample& sample, const Hypothetical& index);

}  // namespace deal::server
