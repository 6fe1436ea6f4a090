/// Foreign keys as the triggers of soft deletes need them, read from the server's caches.
#pragma once

#include <string>
#include <vector>

#include "core/soft_delete/soft_delete.hpp"
#include "server/bridge/plan.hpp"
#include "server/bridge/row_trigger.hpp"

namespace deal::server {

/// One foreign key; plain data.
struct ForeignKey {
  Oid constraint;
  Oid child;   ///< the table that refers
  Oid parent;  ///< the table referred to
  char on_delete;
  bool deferrable;
  int count;  ///< of its columns
  AttrNumber child_columns[INDEX_MAX_KEYS];
  AttrNumber parent_columns[INDEX_MAX_KEYS];
  Oid equals[INDEX_MAX_KEYS];  ///< operators: parent's column = child's
  int set_count;               ///< columns that SET NULL and SET DEFAULT are confined to; 0: all
  AttrNumber set_columns[INDEX_MAX_KEYS];
};

/// Those that refer to this table or partition.
std::vector<ForeignKey> keys_referring_to(Relation parent);
/// Those of this table or partition; one that refers to a partitioned table comes once, not for each
/// partition.
std::vector<ForeignKey> keys_of(Relation child);

/// The child's rows that refer to a parent's row, its key being $1 ...; and the parent's row that a child's
/// row refers to.
soft_delete::Others referring_rows(const ForeignKey& key);
soft_delete::Others referenced_row(const ForeignKey& key);

/// A comparison by an operator, names and types right whatever the search_path.
std::string comparison(const std::string& left, Oid left_type, Oid operator_oid, const std::string& right,
                       Oid right_type);

/// schema.name and column names, quoted; as they are now.
std::string quoted_name(Oid relation);
std::string column_name(Oid relation, AttrNumber number);

/// The mark's column of a table with soft deletes, found by its trigger; 0: it has none.
AttrNumber mark_column(Relation relation, Oid function);
/// The same of a table that isn't open.
AttrNumber mark_column_of(Oid relation, Oid function);

/// The values of some columns of a row as parameters.
std::vector<pg::PlanArgument> key_values(TupleTableSlot* row, const AttrNumber* columns, int count);
pg::PlanArgument column_value(TupleTableSlot* row, AttrNumber number);

}  // namespace deal::server
