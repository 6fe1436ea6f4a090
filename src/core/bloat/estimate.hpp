/// How much smaller a table or index would be if it were built anew, from a sample of its pages. Nothing is
/// guessed from statistics: pages are read, what a rebuild would write is packed as the server packs it, and
/// the interval says how much the sample can be wrong.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "core/index/leaf_level.hpp"

namespace deal::bloat {

/// Bytes of a whole relation, each an estimate unless all pages were read.
struct Estimate {
  double dead = 0;  ///< of rows or entries that VACUUM may remove now
  double held = 0;  ///< of rows that nobody new sees, but some old transaction may
  double free = 0;  ///< room that new rows can take
  double gain = 0;  ///< what a rebuild gives back: not what its fillfactor and rows that fill no page leave;
                    ///< below 0: it would grow
  double gain_low = 0;  ///< the gain lies between these in 19 of 20 cases
  double gain_high = 0;
};

/// Numbers of `wanted` pages out of `pages`, ascending: one by chance in each of so many equal stretches, so
/// that what fills the relation unevenly is met in its proportion. All of them where it has no more.
/// `again`: another choice each time it is another number.
std::vector<std::uint32_t> choose_pages(std::uint32_t pages, std::uint32_t wanted, std::uint64_t again);

/// The mean of what pages need, and how far it may be off.
class PageMean {
 public:
  void add(double value) { values_.push_back(value); }
  std::size_t count() const { return values_.size(); }
  double mean() const;
  /// Standard error of the mean, for pages chosen by choose_pages out of so many: by differences of
  /// neighbours, since stretches differ; 0 when all were read.
  double error(double pages) const;

 private:
  std::vector<double> values_;
};

/// What one page of a table holds, in bytes, line pointers included.
struct TablePage {
  std::span<const std::uint16_t> rows;  ///< lengths of the rows that a rebuild keeps, in their order
  double dead = 0;
  double held = 0;
  double free = 0;
};

/// A table, page by page.
class TableBloat {
 public:
  TableBloat(int page_size, int fillfactor);
  void add(const TablePage& page);
  std::size_t pages_read() const { return need_.count(); }
  /// For a table of so many pages.
  Estimate estimate(double pages) const;
  /// How far the gain may be off (half an interval), as a share of the table.
  double uncertainty(double pages) const;

 private:
  double pages_per_byte() const;

  int page_size_;
  int reserve_;
  double free_space_;
  double finished_ = 0;
  int rows_on_page_ = 0;
  double bytes_ = 0;
  double dead_ = 0;
  double held_ = 0;
  double free_ = 0;
  PageMean need_;  ///< bytes of kept rows
};

/// Of a table's index entries the share that leads to rows that a rebuild keeps, by what table pages hold.
class LiveShare {
 public:
  /// One page: places that entries lead to, with and without a row that is kept.
  void add(double live, double dead);
  /// 1 where nothing was seen.
  double share() const;
  /// Standard error, for a table of so many pages.
  double error(double pages) const;

 private:
  std::vector<double> live_;
  std::vector<double> all_;
};

/// Rows with one key, side by side on a leaf.
struct LeafGroup {
  int tuple_bytes = 0;  ///< of an entry without a posting list, aligned
  int rows = 0;
  std::uint64_t key = 0;  ///< a hash; 0: it need not be told from others
};

/// A B-tree, page by page.
class BtreeBloat {
 public:
  /// `live_share`: of the entries those that lead to rows that a rebuild keeps, with its standard error, as
  /// the table says (LiveShare); a page of the index doesn't.
  BtreeBloat(const index::BtreeShape& shape, double live_share, double live_error = 0);
  /// A leaf; `pivot_bytes`: the size of its high key, 0 on the rightmost.
  void add_leaf(std::span<const LeafGroup> groups, double dead, double free, int pivot_bytes);
  /// A page that a rebuild makes anew from the leaves: of an upper level, or the first one of all.
  void add_inner(double free);
  /// A page without entries that is waiting to be used again.
  void add_deleted();
  std::size_t pages_read() const { return need_.count(); }
  /// For an index of so many pages.
  Estimate estimate(double pages) const;
  double uncertainty(double pages) const;

 private:
  double pages_per_byte() const;
  double rebuilt_pages(double pages) const;
  int most_rows(const LeafGroup& group) const;
  void lay_out(LeafGroup group, bool goes_on);

  index::BtreeShape shape_;
  double live_share_;
  double live_error_;
  index::LeafLevel level_;
  std::map<std::uint64_t, LeafGroup> open_;  ///< lists that may go on on pages to come
  double rows_ = 0;
  double kept_rows_ = 0;
  double bytes_ = 0;  ///< of kept entries
  double dead_ = 0;
  double free_ = 0;
  double pivots_ = 0;
  double pivot_bytes_ = 0;
  PageMean need_;  ///< bytes of kept entries
};

}  // namespace deal::bloat
