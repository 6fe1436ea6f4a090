/// A random sample of a table's rows, spread as ANALYZE spreads them: what statistics are computed from.
#pragma once

#include "server/bridge/memory.hpp"

extern "C" {
#include "access/htup.h"
}

namespace deal::server {

/// Rows of one table, spread over as many blocks as there are rows wanted: rows of one block are alike, which
/// would falsify the number of distinct values. Reading pages skips privileges and row security, so ask
/// `may_read` first. Deterministic for an unchanged table.
class RowSample {
 public:
  /// Reads about `target_rows` rows (RowChoice says which), or all if the table has fewer; of an imported
  /// table those of them that were exported. Takes AccessShareLock, kept to the end of the (sub)transaction.
  /// The table must be a heap.
  RowSample(Oid table, int target_rows);

  HeapTuple* rows() const { return rows_; }  ///< in physical order, which correlations are computed from
  int count() const { return count_; }
  double table_rows() const { return table_rows_; }  ///< of the whole table, estimated

 private:
  pg::Memory memory_;
  HeapTuple* rows_ = nullptr;
  int count_ = 0;
  double table_rows_ = 0;
};

}  // namespace deal::server
