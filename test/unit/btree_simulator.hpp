#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

// Builds a B-tree page by page, tuple by tuple, the way CREATE INDEX does, to know its exact size.
// Deliberately simple and separate from the estimator: every tuple of the table is laid out.
namespace deal::test {

struct IndexTuple {
  std::uint64_t key;      // equal keys are equal tuples
  std::uint32_t bytes;    // aligned, header included
  std::uint64_t leading;  // the first column of a key with several
};

class BtreeSimulator {
 public:
  BtreeSimulator(bool deduplicate, int fillfactor, int leading_tuple_bytes)
      : deduplicate_(deduplicate), fillfactor_(fillfactor), leading_tuple_bytes_(leading_tuple_bytes) {}

  // `tuples` in key order.
  void build(const std::vector<IndexTuple>& tuples) {
    std::size_t begin = 0;
    while (begin < tuples.size()) {
      std::size_t end = begin + 1;
      // A posting list grows by one TID as long as it stays within 812 bytes.
      while (deduplicate_ && end < tuples.size() && tuples[end].key == tuples[begin].key &&
             align(tuples[begin].bytes + 6 * static_cast<int>(end + 1 - begin)) <= 812) {
        ++end;
      }
      const int count = static_cast<int>(end - begin);
      const int size = count == 1 ? static_cast<int>(tuples[begin].bytes)
                                  : align(static_cast<int>(tuples[begin].bytes) + 6 * count);
      add(0, {size, size - static_cast<int>(tuples[begin].bytes), tuples[begin].key, tuples[begin].leading});
      begin = end;
    }
    // Every level but the root hands its last page to the level above.
    for (std::size_t level = 0; level + 1 < levels_.size(); ++level) {
      add(level + 1, {levels_[level].low_key, 0, 0, 0});
    }
  }

  std::int64_t pages() const {
    std::int64_t total = 1;
    for (const Level& level : levels_)
      total += level.pages;
    return total;
  }
  std::int64_t leaf_pages() const { return levels_.empty() ? 0 : levels_[0].pages; }
  int root_level() const { return levels_.empty() ? 0 : static_cast<int>(levels_.size()) - 1; }

 private:
  struct Item {
    int size;
    int posting;
    std::uint64_t key;
    std::uint64_t leading;
  };
  struct Level {
    std::int64_t pages = 1;
    int free = 8192 - 24 - 16 - 4;
    int items = 0;
    int low_key = 8;
    Item last{0, 0, 0, 0};
    Item before{0, 0, 0, 0};
  };

  static int align(int bytes) { return (bytes + 7) & ~7; }

  void add(std::size_t at, Item item) {
    if (at >= levels_.size()) levels_.resize(at + 1);
    const bool leaf = at == 0;
    {
      Level& level = levels_[at];
      const int space = level.free < 4 ? 0 : level.free - 4;
      const int full = leaf ? 8192 * (100 - fillfactor_) / 100 : 8192 * 30 / 100;
      if (space < item.size + (leaf ? 8 : 0) || (space + level.last.posting < full && level.items >= 2)) {
        const int high_key = leaf ? truncated(level.before, level.last) : level.last.size;
        const int low_key = level.low_key;
        ++level.pages;
        level.low_key = high_key;
        const int moved = leaf ? level.last.size : 8;
        level.free = 8192 - 24 - 16 - 4 - moved - 4;
        level.items = 1;
        add(at + 1, {low_key, 0, 0, 0});  // may move levels_: no reference is used after it
      }
    }
    Level& level = levels_[at];
    level.free -= (!leaf && level.items == 0 ? 8 : item.size) + 4;
    ++level.items;
    level.before = level.last;
    level.last = item;
  }

  int truncated(const Item& left, const Item& right) const {
    const int key = right.size - right.posting;
    if (left.key == right.key) return key + 8;
    return leading_tuple_bytes_ > 0 && left.leading != right.leading ? std::min(key, leading_tuple_bytes_)
                                                                     : key;
  }

  bool deduplicate_;
  int fillfactor_;
  int leading_tuple_bytes_;
  std::vector<Level> levels_;
};

}  // namespace deal::test
