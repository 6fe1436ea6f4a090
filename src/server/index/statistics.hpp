/// Statistics of hypothetical expression indexes: what ANALYZE would gather once they were built.
#pragma once

#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "server/index/extent.hpp"
#include "server/index/row_sample.hpp"

namespace deal::server {

/// Gathers statistics of index expressions from samples of the tables, each expression once, by the server's
/// own code for the type (`typanalyze`), so that the planner finds what it would find after CREATE INDEX and
/// ANALYZE. Tables that the current role may not read whole, or that are no heaps, give none.
class ExpressionStatistics {
 public:
  /// Of each table at most `most_rows` are sampled, even if ANALYZE would take more.
  explicit ExpressionStatistics(int most_rows = std::numeric_limits<int>::max()) : most_rows_(most_rows) {}

  /// Sets the statistics of the index and of its leaves. Its leaves must be known
  /// (ExtentEstimator::estimate). The statistics are allocated in the current memory context; the same
  /// expression in another index shares them. Expressions and predicate run as DefinitionScope says; their
  /// errors are thrown, as by CREATE INDEX.
  void attach(Hypothetical& index);

  /// Frees the samples; statistics that are known stay.
  void forget_samples() { samples_.clear(); }

  /// CPU seconds spent so far.
  double cpu_seconds() const { return cpu_seconds_; }

 private:
  /// Statistics known already, of one table.
  struct Known {
    Node* expression;
    List* predicate;
    Oid collation;
    HeapTuple statistics;
  };

  HeapTuple* gather(const Hypothetical& index, int target_rows);
  HeapTuple* recall(const Hypothetical& index) const;
  int rows_of(Oid table) const;
  RowSample& sample_of(Oid table, int target_rows);

  int most_rows_;
  double cpu_seconds_ = 0;
  std::map<Oid, std::unique_ptr<RowSample>> samples_;
  std::map<Oid, std::vector<Known>> known_;
};

}  // namespace deal::server
