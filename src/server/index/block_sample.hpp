/// Whole blocks of a table's rows, read once: of a table here, or of an imported one what was exported.
#pragma once

#include <map>

#include "server/index/hypothetical.hpp"
#include "server/index/stored_column.hpp"

extern "C" {
#include "access/htup.h"
#include "utils/relcache.h"
}

namespace deal::server {

/// Rows in the table's order, in the memory context in which they were read.
struct BlockSample {
  HeapTuple* rows;
  int count;
  int most;  ///< of which there is room
  BlockNumber table_blocks;
  BlockNumber sampled_blocks;
  Datum* values;  ///< row by row
  bool* nulls;
  int columns;
};

/// The rows of blocks that hold about `target_rows` (blocks_holding, BlockChoice). Takes AccessShareLock,
/// kept to the end of the (sub)transaction. `stored` gets what is known of an imported table's columns.
BlockSample sample_blocks(Oid table, int target_rows, std::map<AttrNumber, StoredColumn>& stored);

/// True when the current role may see every row of the index's table and the index's columns: SELECT on them
/// and no row security that applies.
bool may_read(const Hypothetical& index);

/// Opens the table for reading its size or its pages. Runs inside pg::call. Raises 0A000 for an unlogged
/// table during recovery, where it has no pages.
Relation open_readable(Oid table);

/// Rows per page of the table when they were counted last; 0: never.
double counted_density(Relation table);

/// True when blocks of the table can be sampled: it is stored by the server's heap.
bool is_heap(Oid table);

}  // namespace deal::server
