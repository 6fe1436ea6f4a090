#pragma once

#include "core/index/key_groups.hpp"
#include "core/index/size.hpp"

namespace deal::index {

/// What besides the keys decides the size of a GIN index.
struct GinShape {
  double table_rows = 0;    ///< that go into the index
  double table_blocks = 0;  ///< of the heap, over which the rows of a key spread
  double build_memory =
      64.0 * 1024 * 1024;  ///< maintenance_work_mem in bytes: how much is collected before it is written
  int page_size = 8192;
};

/// A freshly built GIN index: a tree of entries, each with its rows as a compressed list, or a tree of its
/// own where that list is long. `keys` are (key, row) pairs; the key bytes are those of the entry's tuple
/// without list. Fills entry_pages, data_pages and entries besides the size.
SizeEstimate estimate_gin(const KeyPopulation& keys, const GinShape& shape);

/// Bytes of the row numbers of one key with `rows` rows spread over `blocks` heap blocks, the first one
/// apart.
double posting_bytes(double rows, double blocks);

}  // namespace deal::index
