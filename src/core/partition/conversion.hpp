#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/partition/plan.hpp"

namespace deal::partition {

/// A privilege list of one grantee, as GRANT wants it: "select, insert (a)" and "to role with grant option".
struct GrantText {
  std::string privileges;
  std::string to;
};

/// A column, as far as LIKE doesn't carry it over.
struct TableColumn {
  std::string name;
  bool not_null = false;
  char generated = 0;  ///< 's' stored, 'v' virtual
  int statistics = -1;
  std::string options;  ///< "n_distinct=5"
};

/// A sequence that gives a column its values.
struct ColumnSequence {
  std::string column;
  std::string schema;
  std::string name;
  char identity = 0;    ///< 'a' always, 'd' by default, 0 serial
  std::string options;  ///< "increment by 1 minvalue 1 maxvalue 100 start with 1 cache 1 no cycle"
  std::string comment;
  bool shared = false;  ///< something beside the column depends on it
  std::vector<GrantText> grants;
};

/// An index, with the constraint on it if there is one (same name).
struct TableIndex {
  std::string name;
  std::string definition;             ///< pg_get_indexdef
  char constraint = 0;                ///< 'p', 'u', 'x', 0: none
  std::string constraint_definition;  ///< pg_get_constraintdef
  bool unique = false;
  bool valid = true;
  bool deferrable = false;
  bool deferred = false;
  std::vector<std::string> keys;  ///< key columns' names; empty for expressions
  std::string tablespace;
  std::string comment;
};

struct TableCheck {
  std::string name;
  std::string definition;
  bool validated = true;
  bool no_inherit = false;
  std::string comment;
};

struct TableForeignKey {
  std::string name;
  std::string definition;
  bool validated = true;
  std::string referenced;  ///< quoted
  std::string comment;
};

struct TableTrigger {
  std::string name;
  std::string definition;  ///< pg_get_triggerdef
  bool for_each_row = false;
  bool transition_tables = false;
  char enabled = 'O';
  std::string comment;
};

struct TablePolicy {
  std::string name;
  std::string definition;  ///< what follows CREATE POLICY name ON table
  bool subquery = false;   ///< may name the table itself: created once the name is the new table's
  std::string comment;
};

/// Something elsewhere that is bound to the table's identity, not to its name, and is bound anew by running
/// its own definition again.
struct Dependent {
  enum class Kind : std::uint8_t { view, function, policy };
  Kind kind = Kind::view;
  std::string identity;  ///< quoted; of a policy: its table
  std::string owner;     ///< role that runs the statement
  std::string lock;      ///< statement that takes its lock before the table's; empty: needs none
  std::string recreate;
  bool may_recreate = true;  ///< the calling role can act as the owner
};

struct TablePublication {
  std::string name;
  std::string owner;
  std::string columns;  ///< "(a, b)" or empty
  std::string filter;   ///< "(a > 0)" or empty
  bool whole = false;   ///< publishes all tables, or all of the schema
  bool via_root = false;
  bool may_alter = true;
};

/// What stands in the way and can't be told by the lists above: code, words, HINT.
struct Obstacle {
  std::string code;
  std::string message;
  std::string hint;
  bool acceptable = false;  ///< the option "accept" may name it
};

/// A table as conversion sees it.
struct ConvertedTable {
  std::string schema;
  std::string name;
  std::string owner;
  bool row_security = false;
  bool force_row_security = false;
  char replica_identity = 'd';
  std::string replica_index;
  std::string tablespace;
  std::string storage;  ///< reloptions with those of its TOAST table: "fillfactor=90, toast.x=y"
  bool unlogged = false;
  std::string comment;
  double bytes = 0;
  double rows = 0;
  std::vector<TableColumn> columns;
  std::vector<GrantText> grants;
  std::vector<std::string> default_grantees;  ///< quoted; roles that new tables of the owner are granted to
  std::vector<ColumnSequence> sequences;
  std::vector<TableIndex> indexes;
  std::vector<TableCheck> checks;
  std::vector<TableForeignKey> foreign_keys;
  std::vector<TableTrigger> triggers;
  std::vector<TablePolicy> policies;
  std::vector<Dependent> dependents;
  std::vector<TablePublication> publications;
  std::vector<Obstacle> obstacles;
};

/// Names that a conversion chose, by what they are for; stored with it, so that a continued one finds what it
/// made. `taken`: names of relations and types in the table's schema.
class ConversionNames {
 public:
  ConversionNames() = default;
  ConversionNames(std::map<std::string, std::string> chosen, std::unordered_set<std::string> taken);
  /// The name chosen for `purpose`, else the first free one like `wanted`.
  std::string pick(const std::string& purpose, const std::string& wanted);
  /// The name chosen for `purpose`; empty if none is.
  std::string chosen(const std::string& purpose) const;
  const std::map<std::string, std::string>& all() const { return chosen_; }

 private:
  std::map<std::string, std::string> chosen_;
  std::unordered_set<std::string> taken_;
};

/// What is to be done to a table.
struct Conversion {
  Set set;                        ///< as it will be registered
  Position cutoff = 0;            ///< the old table keeps what is before it
  std::vector<Action> creations;  ///< the partitions to be there at the swap
  int lock_timeout_ms = 50;
  bool copy = false;  ///< its rows get partitions of their own in the end
};

enum class StepKind : std::uint8_t {
  index,       ///< a unique key with the column, built concurrently
  key,         ///< that index as a constraint
  parent,      ///< the partitioned table, beside
  check,       ///< CHECK (before the cutoff) NOT VALID
  validate,    ///< and its proof
  swap,        ///< names exchanged, old table attached
  drop_check,  ///< no longer needed
  analyze,     ///< statistics of the parent
  enable,      ///< the set's row
  divide,      ///< mode copy: the old table's rows copied to partitions of their own
  swap_back,   ///< rollback: the old table has its name again
  move_back,   ///< rollback: rows of later partitions
  clean        ///< rollback: what was made is dropped
};
std::string_view name_of(StepKind kind);

struct ConversionStatement {
  std::string sql;
  std::string role;         ///< who runs it; empty: the table's owner
  int lock_timeout_ms = 0;  ///< 0: the conversion's
};

struct ConversionStep {
  StepKind kind = StepKind::index;
  std::string object;  ///< what it makes or changes, not quoted
  std::string words;
  std::vector<ConversionStatement> statements;
  std::string lock;       ///< the strongest on the table
  std::string blocks;     ///< whom, for how long
  std::size_t locks = 0;  ///< that many statements at the beginning only take locks
  bool worker = false;
  bool short_locks = true;
};

enum class ConversionLevel : std::uint8_t { ok, warning, error };
struct ConversionFinding {
  ConversionLevel level = ConversionLevel::ok;
  std::string code;
  std::string message;
  std::string hint;
};

/// Rules about the table's shape: what stops the conversion (error), what will be different afterwards
/// (warning). `accepted`: codes of acceptable errors that the user takes as warnings.
std::vector<ConversionFinding> conversion_findings(const ConvertedTable& table, const Conversion& conversion,
                                                   const std::vector<std::string>& accepted);

/// The steps up to and with the swap, from the table as it is. Picks names.
std::vector<ConversionStep> attach_steps(const ConvertedTable& table, const Conversion& conversion,
                                         ConversionNames& names);
/// The steps after the swap.
std::vector<ConversionStep> finishing_steps(const Conversion& conversion, const ConversionNames& names);

/// A partition with rows that a rollback must keep.
struct KeptPartition {
  std::string schema;
  std::string name;
};
/// The statements that give the old table its name and everything else back: from the partitioned table as it
/// is now. `kept` are detached, and become children by inheritance until their rows are moved.
ConversionStep swap_back_step(const ConvertedTable& parent, const Conversion& conversion,
                              ConversionNames& names, const std::vector<KeptPartition>& kept);
/// What comes after that, and is all of a rollback before the swap: a table that was made is dropped. `name`:
/// quoted. Of a partition: `parent` as well.
ConversionStep drop_step(const std::string& name, const std::string& parent = {});
/// And these constraints that were made on the old table.
ConversionStep drop_constraints_step(const Conversion& conversion, const std::vector<std::string>& names);
/// The indexes that were made on the old table, to be dropped concurrently: their names.
std::vector<std::string> made_indexes(const ConversionNames& names);

/// What the parent is built from, as one text: another text, another parent.
std::string parent_recipe(const ConvertedTable& table, const Conversion& conversion, ConversionNames& names);

/// The parts of pg_get_indexdef's text.
struct IndexDefinition {
  bool unique = false;
  std::string method;
  std::string columns;  ///< between the first parentheses
  std::string options;  ///< INCLUDE, NULLS NOT DISTINCT, WITH
  std::string where;    ///< with " WHERE "
};
IndexDefinition parse_index(std::string_view definition);
/// CREATE INDEX of these parts; `extra` is one more key column (quoted), `lead` stands after INDEX.
std::string index_statement(const IndexDefinition& index, std::string_view lead, const std::string& name,
                            const std::string& table, const std::string& extra = {},
                            const std::string& tablespace = {});
/// A PRIMARY KEY or UNIQUE constraint's text as UNIQUE with one more column.
std::string unique_with(std::string_view constraint_definition, const std::string& extra);
/// The trigger's text for another table. `table`: quoted and qualified, as it stands in the text.
std::string trigger_on(const TableTrigger& trigger, const std::string& table, const std::string& other);

/// True if partitions can have the key as it is: the column is one of its own.
bool has_key(const TableIndex& index, const std::string& column);

}  // namespace deal::partition
