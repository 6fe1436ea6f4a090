/// A random sample of whole heap blocks of one table: what index sizes are estimated from.
#pragma once

#include <list>
#include <map>

#include "core/index/key_groups.hpp"
#include "core/index/unit_shapes.hpp"
#include "server/bridge/memory.hpp"
#include "server/index/block_sample.hpp"

namespace deal::server {

/// Values of one column over all sampled rows: that of row r is at r * stride.
struct SampledValues {
  const Datum* values;
  const bool* nulls;
  int stride;
  Oid type;

  bool null(int row) const { return nulls[static_cast<ptrdiff_t>(row) * stride]; }
  Datum value(int row) const { return values[static_cast<ptrdiff_t>(row) * stride]; }
};

/// Rows of one table, read once with the caller's snapshot and kept until the object dies. Reading pages
/// skips privileges and row security, so ask `may_read` first. Deterministic for an unchanged table.
class TableSample {
 public:
  /// Reads about `target_rows` rows; of an imported table the rows that were exported. Takes AccessShareLock,
  /// kept to the end of the (sub)transaction.
  TableSample(Oid table, int target_rows);

  int64_t table_rows() const { return table_rows_; }
  int64_t sampled_rows() const { return row_count_; }
  /// The size of an index of this definition. Expressions and predicate run read only, as the table's owner
  /// if the current role could act as the owner, else as the current role. `index` must be on this very
  /// table.
  index::SizeEstimate size(const Hypothetical& index, const index::BtreeShape& shape);

  /// The sampled rows with the keys that such an index would hold; rights as above.
  index::KeySample key_sample(const Hypothetical& index);

  /// Blocks of the table, and those of them that were read.
  int64_t table_blocks() const { return table_blocks_; }
  int64_t sampled_blocks() const { return sampled_blocks_; }
  /// Heap block of a sampled row; rows are in the table's order.
  BlockNumber block_of(int row) const;
  /// The values of a column of the index, an expression's evaluated (with rights as above) into the current
  /// memory context.
  SampledValues values_of(const Hypothetical& index, int column) const;
  /// How an index stores the values of a column of the index; of an imported table's column as the true
  /// values are stored there. Rights as above.
  StoredColumn stored_of(const Hypothetical& index, int column);
  /// For each sampled row whether the index's predicate holds; evaluated once for each predicate.
  const std::vector<bool>& predicate_rows(const Hypothetical& index);

 private:
  /// Keys of a set of columns, counted once for its orders and what they may include.
  struct CountedSet {
    std::vector<AttrNumber> attnos;  ///< ascending; empty for all sets that tell every row apart
    index::CountedKeys counted;
    index::LaidOutKeys laid;  ///< with the bytes that the keys have now, in the shape below
    index::BtreeShape shape;
    bool laid_out = false;
  };

  /// What an expression or predicate gives: candidates of one table share a few of them.
  template <class Result>
  struct Computed {
    Node* source;  ///< a copy
    Result result;
  };
  template <class Result, class Compute>
  const Result& computed_once(std::list<Computed<Result>>& known, Node* source, Compute&& compute);

  index::KeySample without_rows(int key_columns);
  index::SizeEstimate size_of_columns(const Hypothetical& index, CountedSet& set,
                                      const index::BtreeShape& shape);
  bool is_unique(const std::vector<AttrNumber>& attnos) const;
  CountedSet& counted_set(const Hypothetical& index);
  CountedSet* known_set(const std::vector<AttrNumber>& attnos);
  std::vector<const StoredColumn*> stored_columns(const std::vector<AttrNumber>& attnos);
  double leading_distinct(AttrNumber attno);
  const StoredColumn& column(AttrNumber attno);
  const StoredColumn& expression(const Hypothetical& index, int number);
  std::vector<bool> evaluate_predicate(List* predicate) const;
  StoredColumn store_expression(Expr* expression) const;

  Oid table_;
  pg::Memory memory_;
  int64_t table_rows_ = 0;
  int64_t table_blocks_ = 0;
  int64_t sampled_blocks_ = 0;
  int row_count_ = 0;
  int column_count_ = 0;
  void* rows_ = nullptr;  ///< HeapTuple[row_count_]
  Datum* values_ = nullptr;
  bool* nulls_ = nullptr;
  std::vector<uint32_t> blocks_;             ///< of each row
  std::vector<index::SampledRow> all_rows_;  ///< with their blocks; the rest is scratch
  std::map<AttrNumber, StoredColumn> columns_;
  std::list<Computed<StoredColumn>> expressions_;
  std::list<Computed<std::vector<bool>>> predicates_;
  std::map<AttrNumber, double> leading_distinct_;
  std::list<CountedSet> counted_;  ///< the last one first
  index::UnitShapesCache shapes_;
  std::vector<std::vector<AttrNumber>> unique_sets_;  ///< without a repeat in the sample; ascending
};

}  // namespace deal::server
