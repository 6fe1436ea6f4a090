#pragma once

#include <cstdint>
#include <vector>

#include "core/index/size.hpp"

namespace deal::index {

/// `keys` distinct keys with `rows` rows each, whose index tuples are `tuple_bytes` long (header included,
/// aligned).
struct KeyGroup {
  double keys = 0;
  double rows = 1;
  int tuple_bytes = 16;
};

/// The pages of a freshly built B-tree.
struct BtreePages {
  double leaf_pages = 0;
  double inner_pages = 0;  ///< root included, if it isn't a leaf
  double leaf_tuples = 0;  ///< posting lists count once
  double key_bytes = 0;    ///< mean size of a leaf tuple less its posting list, header included
  int root_level = 0;
};

/// Rounds up to the server's alignment of 8 bytes.
constexpr int align8(int bytes) {
  return (bytes + 7) & ~7;
}

/// Most rows that one posting list tuple of a freshly built index holds (nbtsort.c, _bt_load); 1 if a list
/// doesn't pay.
int max_posting_rows(int tuple_bytes, int page_size);

/// Lays out the leaves, keys in random order, as nbtsort.c fills pages: up to the fillfactor, one item of
/// each finished page carried over, posting lists cut at a tenth of a page. Large inputs are laid out in part
/// and scaled.
BtreePages lay_out_leaves(const std::vector<KeyGroup>& groups, const BtreeShape& shape);

/// Adds the levels above the leaves, filled to 70 %, for inner tuples of `pivot_bytes` on average, header
/// included.
void add_inner_levels(BtreePages& pages, double pivot_bytes, int page_size);

}  // namespace deal::index
