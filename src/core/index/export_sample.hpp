/// The sampled rows of an export: which are equal and how wide, not what is in them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace deal::index {

/// The blocks that were sampled of one table.
struct ExportedSample {
  std::int64_t table_blocks = 0;
  std::int64_t sampled_blocks = 0;
  std::vector<std::uint32_t> blocks;  ///< of each row, in the table's order
};

/// One column of the sampled rows.
struct ExportedColumn {
  static constexpr std::uint32_t kNull = 0xFFFFFFFF;
  std::vector<std::uint32_t> value;  ///< of each row: number of its value, kNull for NULL
  std::vector<std::uint32_t> bytes;  ///< of each value, as stored in the table
  std::vector<std::int32_t> place;   ///< of each value: see place_of
};

/// Where a value stands in pg_stats.
struct ValuePlace {
  int common = -1;  ///< that of the common values, from 0; negative: none
  int bucket = -1;  ///< that of the histogram, from 0 (before the first bound); negative: none
};
ValuePlace place_of(std::int32_t place);

/// Reads a line of kind `sample`. Raises 22023 for what contradicts itself.
ExportedSample read_sample(const std::string& body);

/// Reads a line of kind `sampled` about `rows` rows. Raises 22023 as above.
ExportedColumn read_sampled(const std::string& body, std::size_t rows);

}  // namespace deal::index
