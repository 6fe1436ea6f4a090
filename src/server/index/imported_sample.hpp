/// The sampled rows of an imported table: which of their values are equal is known, and how wide they are; in
/// place of each value stands one that the statistics let expect.
#pragma once

#include <map>

#include "server/index/imported.hpp"
#include "server/index/table_sample.hpp"

namespace deal::server {

/// Rows of one imported table.
struct ImportedRows {
  HeapTuple* rows;  ///< in the table's order; their t_self says the block there
  int count;
  BlockNumber table_blocks;
  BlockNumber sampled_blocks;
  std::map<AttrNumber, StoredColumn> columns;  ///< how the true values would be stored in an index
};

/// True when the current scope's import has sampled rows of the relation.
bool has_imported_rows(Oid relation);

/// The rows, made anew in the current memory context; those of the blocks that a sample of about
/// `wanted_blocks` would take, as far as they were exported. Raises 22023 for a sample that contradicts
/// itself.
ImportedRows imported_rows(Oid relation, double wanted_blocks);

}  // namespace deal::server
