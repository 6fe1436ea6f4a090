#include "core/index/btree_pages.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/interrupt.hpp"
#include "core/base/random.hpp"
#include "core/index/leaf_level.hpp"

namespace deal::index {

namespace {

constexpr int kTupleHeader = 8;
constexpr int kInnerFillfactor = 70;

// So many tuples are laid out one by one; of more, a part, whose pages are scaled.
constexpr double kMaxSimulatedTuples = 30000;
constexpr double kSimulatedPart = 8000;
// Larger groups are runs of equal full posting lists: one formula instead of a simulation.
constexpr double kMaxGroupTuples = 64;

// Children that one finished inner page keeps, for pivots of this size.
int inner_fanout(double pivot_bytes, int page_size) {
  const int target_free = page_size * (100 - kInnerFillfactor) / 100;
  // The first item's key isn't stored: everything left of the second is below it.
  double free = empty_page_space(page_size) - kTupleHeader - line_pointer_bytes;
  int items = 1;
  while (
      !(free - line_pointer_bytes < pivot_bytes || (free - line_pointer_bytes < target_free && items >= 2))) {
    free -= pivot_bytes + line_pointer_bytes;
    ++items;
  }
  return std::max(items - 1, 2);  // the last one moves on to the next page
}

struct Split {
  double full;    // posting lists of the largest size
  int full_rows;  // rows in each
  int rest_rows;  // rows in the last one, 0 if none
  double tuples() const { return full + (rest_rows > 0 ? 1 : 0); }
};

Split split_group(const KeyGroup& group, const BtreeShape& shape) {
  const double rows = std::max(1.0, std::round(group.rows));
  const int most = shape.deduplicate ? max_posting_rows(group.tuple_bytes, shape.page_size) : 1;
  const double full = std::floor(rows / most);
  return {full, most, static_cast<int>(rows - full * most)};
}

// Leaf pages per tuple in an endless run of equal tuples.
double pages_per_tuple(const LeafTuple& tuple, const BtreeShape& shape) {
  LeafLevel level(shape);
  for (int i = 0; i < 4000; ++i)
    level.add(tuple);
  return level.pages() / 4000;
}

struct SmallGroup {
  int tuple_bytes;
  int rows;
};

// A random order of small groups in their proportions, `share` of all of them.
std::vector<SmallGroup> draw_groups(const std::vector<KeyGroup>& groups, const BtreeShape& shape,
                                    double share) {
  std::vector<SmallGroup> drawn;
  double carry = 0.5;
  for (const KeyGroup& group : groups) {
    if (split_group(group, shape).tuples() > kMaxGroupTuples) continue;
    carry += group.keys * share;
    const double whole = std::floor(carry);
    carry -= whole;
    drawn.insert(drawn.end(), static_cast<std::size_t>(whole),
                 {group.tuple_bytes, static_cast<int>(std::max(1.0, std::round(group.rows)))});
  }
  Random random(0x6274726565ULL);
  for (std::size_t i = drawn.size(); i > 1; --i)
    std::swap(drawn[i - 1], drawn[random.below(i)]);
  return drawn;
}

}  // namespace

int max_posting_rows(int tuple_bytes, int page_size) {
  const int limit = page_size * 10 / 100 / 8 * 8 - line_pointer_bytes;
  return std::max(1, (limit / 8 * 8 - tuple_bytes) / heap_tid_bytes);
}

BtreePages lay_out_leaves(const std::vector<KeyGroup>& groups, const BtreeShape& shape) {
  BtreePages pages;
  double small_tuples = 0;
  double all_bytes = 0;
  LeafTuple full{0, 0};  // most large groups follow one of the same kind
  double full_pages = 0;
  for (const KeyGroup& group : groups) {
    const Split split = split_group(group, shape);
    pages.leaf_tuples += group.keys * split.tuples();
    all_bytes += group.keys * split.tuples() * group.tuple_bytes;
    if (split.tuples() <= kMaxGroupTuples) {
      small_tuples += group.keys * split.tuples();
      continue;
    }
    const LeafTuple tuple = leaf_tuple(group.tuple_bytes, split.full_rows);
    if (tuple.bytes != full.bytes || tuple.posting != full.posting) {
      full = tuple;
      full_pages = pages_per_tuple(tuple, shape);
    }
    pages.leaf_pages += group.keys * split.full * full_pages;
  }
  if (small_tuples > 0) {
    const double share = small_tuples <= kMaxSimulatedTuples ? 1.0 : kSimulatedPart / small_tuples;
    LeafLevel level(shape);
    double laid = 0;
    InterruptPoll poll;
    for (const SmallGroup& group : draw_groups(groups, shape, share)) {
      poll.step();
      const int most = shape.deduplicate ? max_posting_rows(group.tuple_bytes, shape.page_size) : 1;
      for (int rows = group.rows; rows > 0; rows -= most) {
        level.add(leaf_tuple(group.tuple_bytes, std::min(rows, most)));
        ++laid;
      }
    }
    const bool all = share >= 1 && pages.leaf_pages == 0;
    if (laid > 0) pages.leaf_pages += all ? level.whole_pages() : level.pages() * (small_tuples / laid);
  }
  if (pages.leaf_tuples <= 0) return BtreePages{};
  pages.leaf_pages = std::max(1.0, std::ceil(pages.leaf_pages - 1e-9));
  pages.key_bytes = all_bytes / pages.leaf_tuples;
  return pages;
}

void add_inner_levels(BtreePages& pages, double pivot_bytes, int page_size) {
  const int fanout = inner_fanout(pivot_bytes, page_size);
  double children = std::max(1.0, std::round(pages.leaf_pages));
  while (children > 1) {
    // The rightmost page is never finished, so it may hold one more.
    const double level = children <= fanout + 1 ? 1 : 1 + std::ceil((children - fanout - 1) / fanout);
    pages.inner_pages += level;
    ++pages.root_level;
    children = level;
  }
}

}  // namespace deal::index
