/// The sampled rows of an imported table: which of their values are equal is known, and how wide they are; in
/// place of each value stands one that the statistics let expect.
#pragma once

#include <map>

#include "server/index/imported.hpp"
#include "server/index/stored_column.hpp"

namespace deal::server {

/// Rows of one imported table in the table's order; their t_self says the block there.
struct ImportedRows {
  HeapTuple* rows;
  int count;
};

/// Whole blocks of rows.
struct ImportedBlocks {
  HeapTuple* rows;
  int count;
  BlockNumber table_blocks;
  BlockNumber sampled_blocks;                  ///< those without a row too
  std::map<AttrNumber, StoredColumn> columns;  ///< how the true values would be stored in an index
};

/// True when the current scope's import has sampled rows of the relation.
bool has_imported_rows(Oid relation);

/// The rows of the blocks that a sample of about `target_rows` would take there (blocks_holding), as far as
/// they were exported; made anew in the current memory context. Raises 22023 for a sample that contradicts
/// itself.
ImportedBlocks imported_blocks(Oid relation, int target_rows);

/// The rows that a RowChoice of about `target_rows` would take there, as far as they were exported; if none
/// were, those of all exported blocks. As above.
ImportedRows imported_rows(Oid relation, int target_rows);

}  // namespace deal::server
