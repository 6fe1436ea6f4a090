/// The sampled rows of an export: which are equal and how wide, not what is in them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace deal::index {

/// Where the sampled rows of one table lie.
struct ExportedSample {
  std::int64_t table_blocks = 0;
  std::int64_t wanted_blocks = 0;      ///< how many were to be sampled; chance decides on a few more or less
  std::vector<std::uint32_t> blocks;   ///< of each row, in the table's order
  std::vector<std::uint16_t> offsets;  ///< of each row in its block; empty where whole blocks were sampled
};

/// One column of the sampled rows.
struct ExportedColumn {
  static constexpr std::uint32_t kNull = 0xFFFFFFFF;
  std::vector<std::uint32_t> value;  ///< of each row: number of its value, kNull for NULL
  std::vector<std::uint32_t> bytes;  ///< of each value, as stored in the table
  std::vector<std::int32_t> place;   ///< of each value: see place_of
  std::vector<std::int32_t> alike;   ///< of each value: so many characters it begins with as the lower bound
                                     ///< of its bucket does; if negative, as the upper one; 0: unknown
};

/// Where a value stands in pg_stats.
struct ValuePlace {
  int common = -1;  ///< that of the common values, from 0; negative: none
  int bucket = -1;  ///< that of the histogram, from 0 (before the first bound); negative: none
};
ValuePlace place_of(std::int32_t place);

/// Reads a line of kind `sample` or `row_sample`. Raises 22023 for what contradicts itself.
ExportedSample read_sample(const std::string& body);

/// Reads a line of kind `sampled` or `row_sampled` about `rows` rows. Raises 22023 as above.
ExportedColumn read_sampled(const std::string& body, std::size_t rows);

}  // namespace deal::index
