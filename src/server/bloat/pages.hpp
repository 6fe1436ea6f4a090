/// Reading single pages of tables and B-trees for what a rebuild would do with them. Everything here runs
/// inside pg::call; nothing is written but hints of which transactions are over.
#pragma once

#include "core/bloat/estimate.hpp"
#include "server/bridge/pg.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/itup.h"
#include "storage/bufmgr.h"
#include "utils/relcache.h"
}

namespace deal::server {

/// What a page of a table holds; bytes with line pointers.
struct TablePageRead {
  uint16 rows[MaxHeapTuplesPerPage];  ///< lengths of those that a rebuild keeps
  int row_count;
  double dead;
  double held;
  double free;
  int live_roots;  ///< places that index entries lead to and a rebuild keeps
  int dead_roots;  ///< and those that lead to nothing any more
};

/// What is needed for each page of one table.
struct TableReading {
  Relation table;
  BufferAccessStrategy strategy;
  TransactionId horizon;  ///< what was deleted before it nobody sees
  Datum* values;          ///< room for a row; null: rows are as long as they are
  bool* nulls;
};

/// Columns that were dropped or added without a rewrite take another length in a rebuilt row: then rows must
/// be taken apart.
TableReading begin_reading(Relation table, BufferAccessStrategy strategy);
void read_table_page(const TableReading& reading, BlockNumber block, TablePageRead& page);

/// What a page of a B-tree holds.
struct BtreePageRead {
  enum class Kind { leaf, inner, deleted } kind;  ///< inner: also the first page of all
  bloat::LeafGroup groups[MaxIndexTuplesPerPage];
  int group_count;
  double dead;
  double free;
  int pivot_bytes;  ///< of the high key; 0: none
};

/// How the index is built.
index::BtreeShape btree_shape_of(Relation index);
void read_btree_page(Relation index, BlockNumber block, BufferAccessStrategy strategy, bool merge_equal,
                     BtreePageRead& page);

}  // namespace deal::server
