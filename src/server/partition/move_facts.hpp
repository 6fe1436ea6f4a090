/// What a move has to know of the tables, read from the catalog; and what speaks against it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/partition/move.hpp"
#include "server/partition/table.hpp"

namespace deal::server {

/// Fills in what every move needs: columns, key of changed rows, foreign keys, shape, and the sources, of
/// which only the OIDs need to be given.
void read_move_facts(partition::Move& move, const PartitionedTable& table);

/// A digest of all that new partitions take from the parent, and of its owner: while it is the same, a plan
/// still fits.
std::string shape_of(ObjectId parent);

/// Refuses what a move would break. Errors: 0A000 foreign keys that refer to the table, sources that are no
/// plain tables or have forced row security, publications of all tables; 2BP01 views and other objects that
/// depend on a source itself.
void refuse_move(const partition::Move& move, const PartitionedTable& table);

/// How a new table comes to look like an old one.
struct TableLook {
  std::string storage;  ///< WITH and TABLESPACE, autovacuum off until the rows are in
  bool unlogged = false;
  std::vector<std::string> dress;    ///< privileges, comment, row security with policies, statistics targets
  std::vector<std::string> indexes;  ///< indexes that only this partition has
  std::vector<std::string> finish;   ///< autovacuum as it was
  std::string replica_index;
  std::vector<partition::MoveIndexName> index_names;
};

/// The index of a table (quoted) that is the one meant but has another name, quoted; nothing if there is
/// none.
std::optional<std::string> index_named_differently(const std::string& table,
                                                   const partition::MoveIndexName& index);

/// The form (method, columns) of the index that is a table's replica identity; empty if none is.
std::string replica_index_of(ObjectId relation);
/// What makes the index of this form the replica identity of a table (quoted); nothing without a form or such
/// an index. Sees what this transaction has made.
std::optional<std::string> replica_statement(const std::string& table, const std::string& form);

/// Reads the look of `source` as statements about the table `working` (quoted), which is called `final_table`
/// at last.
TableLook look_of(ObjectId source, const std::string& working, const std::string& final_table);

}  // namespace deal::server
