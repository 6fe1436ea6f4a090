/// The leaves of a B-tree as a build fills them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/index/btree_pages.hpp"

namespace deal::index {

inline constexpr int line_pointer_bytes = 4;
inline constexpr int heap_tid_bytes = 6;

/// Bytes of an empty page of a B-tree, the line pointer of its high key set aside from the start.
constexpr int empty_page_space(int page_size) {
  constexpr int header = 24;
  constexpr int special = 16;
  return page_size - header - special - line_pointer_bytes;
}

/// An entry of a leaf.
struct LeafTuple {
  int bytes;    ///< aligned, posting list included
  int posting;  ///< of these, the bytes that truncation to a high key takes away
};

/// `rows` rows with one key, whose index tuple is `tuple_bytes` long (header included, aligned).
constexpr LeafTuple leaf_tuple(int tuple_bytes, int rows) {
  if (rows <= 1) return {tuple_bytes, 0};
  const int bytes = align8(tuple_bytes + rows * heap_tid_bytes);
  return {bytes, bytes - tuple_bytes};
}

/// One level of leaves being filled, entry by entry: what _bt_buildadd of nbtsort.c does.
class LeafLevel {
 public:
  explicit LeafLevel(const BtreeShape& shape)
      : empty_(empty_page_space(shape.page_size)),
        target_free_(shape.page_size * (100 - shape.fillfactor) / 100),
        free_(empty_) {}

  void add(const LeafTuple& tuple) {
    const int space = std::max(free_ - line_pointer_bytes, 0);
    // Room for a heap TID in the high key is a hard limit, the fillfactor a soft one that needs two items.
    if (items_ > 0 && (space < tuple.bytes + 8 || (space + last_.posting < target_free_ && items_ >= 2))) {
      ++finished_;
      free_ = empty_ - last_.bytes - line_pointer_bytes;
      items_ = 1;
    }
    free_ -= tuple.bytes + line_pointer_bytes;
    ++items_;
    last_ = tuple;
  }

  /// Finished pages and the filled share of the current one.
  double pages() const {
    const double room = empty_ - target_free_;
    return static_cast<double>(finished_) + (items_ == 0 ? 0.0 : std::min(1.0, (empty_ - free_) / room));
  }
  double whole_pages() const { return static_cast<double>(finished_ + 1); }

 private:
  int empty_;
  int target_free_;
  int free_;
  int items_ = 0;
  std::int64_t finished_ = 0;
  LeafTuple last_{0, 0};
};

}  // namespace deal::index
