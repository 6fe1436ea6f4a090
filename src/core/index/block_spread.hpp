/// How a column's values lie in the blocks of a table.
#pragma once

#include <cstdint>
#include <span>

namespace deal::index {

/// Shares of all values, 0 to 1, that lie between the smallest and the largest value of a block, on average.
struct BlockSpread {
  double whole = 0;  ///< of all rows of the block: what BRIN's minmax has to read
  double usual =
      0;  ///< of the nine tenths of its rows that lie closest together: about what minmax_multi reads
};

/// `blocks` are the heap blocks of sampled rows, equal ones together; `ranks` the place of each row's value
/// among all sampled values, from 0. Blocks of fewer than eight rows don't count; without any other, 0.
BlockSpread block_spread(std::span<const std::uint32_t> blocks, std::span<const std::uint32_t> ranks);

/// True when a few rows in each block stretch its range so far that keeping several ranges per block range
/// (minmax_multi) is worth their bytes.
bool has_outliers(const BlockSpread& spread);

}  // namespace deal::index
