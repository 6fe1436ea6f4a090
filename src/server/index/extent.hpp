/// Sizes of hypothetical indexes.
#pragma once

#include <map>
#include <memory>

#include "server/index/table_sample.hpp"
#include "server/index/what_if.hpp"

namespace deal::server {

/// Estimates the sizes of hypothetical indexes, sampling each table once. Where the caller may not read the
/// columns, catalog statistics stand in (their numbers only, no values).
class ExtentEstimator {
 public:
  /// `target_rows` per table; about 30 000 give a few percent.
  explicit ExtentEstimator(int target_rows = 30'000) : target_rows_(target_rows) {}

  /// Fills extent (and leaves, for a partitioned table) of the index; the arrays are allocated in the current
  /// memory context. Returns the estimate for the whole index.
  index::SizeEstimate estimate(Hypothetical& index);

  /// True when a few rows of each block stretch the range of the BRIN index's first column; false too where
  /// nothing can be read, and for partitioned tables.
  bool stretches(const Hypothetical& index);

  /// Frees the samples; a table that is asked about again is sampled again.
  void forget_samples() { samples_.clear(); }

  /// CPU seconds spent so far on reading and sizing.
  double cpu_seconds() const { return cpu_seconds_; }
  /// True when some estimate had to do without a sample.
  bool without_sample() const { return without_sample_; }

 private:
  index::SizeEstimate estimate_on(const Hypothetical& index, int target_rows, bool may_read_parent);
  index::SizeEstimate estimate_leaves(Hypothetical& index);
  TableSample& sample_of(Oid relation, int target_rows);

  int target_rows_;
  double cpu_seconds_ = 0;
  bool without_sample_ = false;
  std::map<Oid, std::unique_ptr<TableSample>> samples_;
};

/// The leaf partitions below a partitioned table, ascending; takes AccessShareLock on them.
std::vector<Oid> leaf_partitions(Oid table);

/// The same index with the columns of one leaf partition. Shares what it can with `index`.
Hypothetical on_leaf(const Hypothetical& index, Oid leaf);

/// True when there are rows to sample: the table's own (a heap's) or exported ones.
bool has_rows(Oid table);

/// Rows of a table as the planner would estimate them now, and its pages.
struct TableExtent {
  double rows;
  BlockNumber pages;
  double all_visible = 0;  ///< share of its pages
};
TableExtent table_extent(Oid table);

/// Appends what CREATE INDEX on the table would count of its pages (of each leaf, for a partitioned one).
void append_visibility(Oid table, std::vector<FreshVisibility>& fresh);

}  // namespace deal::server
