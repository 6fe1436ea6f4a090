/// Samples of tables as temporary tables of their own, with the same columns and indexes.
#pragma once

#include <span>
#include <utility>

#include "server/workload/prepare.hpp"

namespace deal::server {

/// A copy of a part of a table.
struct TableCopy {
  Oid original;
  Oid copy;
  std::string name;  ///< pg_temp.x, quoted
  int64_t rows;
  std::vector<std::pair<Oid, Oid>> indexes;  ///< those of the original, and their copies
};

/// Copies the rows in `percent` of the table's blocks, as the current role sees them, into a temporary table
/// of the same shape without triggers and constraints, with the same indexes, and analyses it. It belongs to
/// the table's owner if the current role could act as the owner: then expressions in its indexes run with the
/// rights that they have on the table. Nothing is left of it after the (sub)transaction's abort. Errors:
/// 42501 without SELECT on the table or the right to make temporary tables.
TableCopy copy_sample(Oid table, double percent);

/// The query with the copies in place of the originals.
PreparedQuery on_copies(const PreparedQuery& prepared, std::span<const TableCopy> copies);

}  // namespace deal::server
