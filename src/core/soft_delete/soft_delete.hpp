/// Soft deletes: the SQL that switches them on, and the statements that the triggers run.
#pragma once

#include <string>
#include <vector>

namespace deal::soft_delete {

/// First arguments of the triggers that have a column list: which column is the mark, and which columns refer
/// to rows that may be marked.
constexpr const char* kMark = "mark";
constexpr const char* kReference = "reference";
/// Second argument of the mark's trigger: rows that a foreign key ON DELETE CASCADE takes along, in tables
/// without soft deletes, are deleted for good.
constexpr const char* kCascadeDelete = "cascade=delete";

/// ALTER TABLE that adds the mark's column. `table` is quoted, here and below; columns are not.
std::string add_column(const std::string& table, const std::string& column);

/// The triggers of one table: DELETE marks the row; what happens to the mark happens to the rows that refer
/// to the row. Of a partitioned table also the one by which a row that moves between partitions is known.
std::vector<std::string> create_triggers(const std::string& table, const std::string& column,
                                         bool cascade_delete, bool partitioned);

/// The trigger of a table whose foreign keys refer to tables with soft deletes.
std::string create_reference_trigger(const std::string& table, const std::vector<std::string>& columns);

/// The view of the rows without mark; `replaces` an earlier one.
std::string create_live_view(const std::string& view, const std::string& table, const std::string& column,
                             bool replaces);
/// The trigger by which DELETE on the view tells how many rows there were.
std::string create_view_trigger(const std::string& view);

/// A UNIQUE constraint and what takes its place.
struct UniqueReplacement {
  std::string table;       ///< quoted
  std::string constraint;  ///< not quoted, as all below
  std::string schema;      ///< of the index
  std::string definition;  ///< of the constraint's index, from " USING" on
  std::string column;      ///< the mark
  std::string built;       ///< an index that is there already; empty: to be made
};
/// What the new index is on and where: " USING btree (...) WHERE (deleted_at IS NULL)".
std::string partial_definition(const UniqueReplacement& unique);
/// Builds the partial index unless it is there, drops the constraint, and gives the index its name.
std::vector<std::string> replace_unique(const UniqueReplacement& unique);
/// The statement that builds it while others write.
std::string build_concurrently(const UniqueReplacement& unique);

/// The other table of a foreign key: "only schema.name x", or without "only" for a partitioned one, and the
/// comparison of its key columns with $1, $2 ...
struct Others {
  std::string from;
  std::string condition;
  int parameters = 0;
};

/// Statements of the triggers. Parameters come in the order of the text: the key, then marks.
std::string mark_row(const std::string& table, const std::string& column);
std::string lock_row(const std::string& table);
/// One row that refers to the key; an empty `mark` finds marked ones too.
std::string find_referring(const Others& others, const std::string& mark);
std::string mark_referring(const Others& others, const std::string& mark);
/// From the second mark, or another one, to the first, which may be null.
std::string change_marks(const Others& others, const std::string& mark);
std::string delete_referring(const Others& others);
std::string set_referring(const Others& others, const std::vector<std::string>& columns, bool to_default);
std::string find_referenced(const Others& others);
std::string lock_referenced(const Others& others);
std::string mark_of_referenced(const Others& others, const std::string& mark);

/// One batch of rows marked before $1 for good, $2 rows at most, from after the place $3 on: their number and
/// the last place. Rows that `kept_by` finds a reference to are left alone.
std::string purge_batch(const std::string& table, const std::string& column,
                        const std::vector<std::string>& kept_by);

}  // namespace deal::soft_delete
