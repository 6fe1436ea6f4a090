#include "core/index/gin_size.hpp"

#include <algorithm>
#include <cmath>

#include "core/index/method_size.hpp"

namespace deal::index {

namespace {

constexpr double kItemPointer = 4;
constexpr double kListHeader = 8;    // first row and length
constexpr double kSegment = 384;     // a posting tree keeps its list in pieces of at most this
constexpr double kPieceLost = 150;   // a build fills pages to the last piece that fits
constexpr double kBuildEntry = 160;  // memory that a key takes while rows are collected
constexpr double kBuildRow = 9;      // and each of its rows

// A page of entries is cut in half where it overflows. Entries that come in order leave halves behind, which
// the rows of later rounds fill up again. The entry across the middle stays with the left half, and the one
// that was too much counts for the middle: with entries of two kilobytes halves are two thirds full.
// `bytes_beside`: of the entry that an average byte belongs to.
double entry_fill(double rounds, double bytes_beside, double room) {
  const double half = std::min(0.5 + 0.75 * bytes_beside / room, 0.70);
  return std::min(half * std::max(rounds, 1.0), 0.70);
}

double largest_entry(int page_size) {
  return std::floor((page_size - 40 - 8) / 3.0 / 8) * 8;
}

double posting_tree_pages(double bytes, int page_size) {
  const double room = page_size - 40;
  const double pieces = bytes * (1 + kListHeader / kSegment);
  if (pieces <= room) return 1;
  const double leaves = std::ceil(pieces / (room - kPieceLost));
  return leaves + std::ceil(leaves / (room / 10));
}

}  // namespace

double posting_bytes(double rows, double blocks) {
  if (rows <= 1) return 0;
  const double share = std::clamp(-std::expm1(-rows / std::max(blocks, 1.0)), 1e-12, 1.0);
  const double hit = std::max(1.0, std::min(rows, share * blocks));
  // A row number is block * 2048 + place; steps are written in 7 bits a byte.
  const double near = 1 - std::pow(1 - share, 7);
  const double far = std::pow(1 - share, 1023);
  const double step = 2 * near + 3 * (1 - near - far) + 4 * far;
  return (rows - hit) * 1 + (hit - 1) * step;
}

SizeEstimate estimate_gin(const KeyPopulation& keys, const GinShape& shape) {
  const double room = shape.page_size - 40;
  const double widest = largest_entry(shape.page_size);
  double entry_bytes = 0;
  double squares = 0;
  double inner_bytes = 0;
  double data_pages = 0;
  double entries = 0;
  double pairs = 0;
  for (const KeyGroup& group : keys.groups) {
    const double list = posting_bytes(group.rows, shape.table_blocks);
    const bool tree = group.tuple_bytes + list > widest;
    const double entry = group.tuple_bytes + (tree ? 0 : list) + kItemPointer;
    entry_bytes += group.keys * entry;
    squares += group.keys * entry * entry;
    inner_bytes += group.keys * (group.tuple_bytes + kItemPointer);
    if (tree) data_pages += group.keys * posting_tree_pages(list, shape.page_size);
    entries += group.keys;
    pairs += group.keys * group.rows;
  }
  const double rounds = (entries * kBuildEntry + pairs * kBuildRow) / std::max(shape.build_memory, 65536.0);
  const double fill = entry_fill(rounds, entry_bytes > 0 ? squares / entry_bytes : 0, room);
  const double leaves = std::max(1.0, std::ceil(entry_bytes / (room * fill)));
  double entry_pages = leaves;
  const double fanout = std::max(2.0, room * fill / std::max(inner_bytes / std::max(entries, 1.0), 16.0));
  for (double level = leaves; level > 1;) {
    level = std::ceil(level / fanout);
    entry_pages += level;
  }
  // The metapage and the first page of the list of pending rows.
  SizeEstimate size = sized(1 + entry_pages + std::round(data_pages), shape.table_rows, shape.page_size, 0.2);
  size.leaf_pages = std::llround(leaves);
  size.leaf_tuples = pairs;
  size.distinct_keys = entries;
  size.entry_pages = entry_pages;
  size.data_pages = std::round(data_pages);
  size.entry_bytes = entries > 0 ? entry_bytes / entries : 0;
  size.widest_entry = size.entry_bytes;
  return size;
}

}  // namespace deal::index
