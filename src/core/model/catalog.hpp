/// What the advisor knows of a database: flat arrays, filled in one pass (src/server/catalog), read by the
/// checks. Tables are in the order of their object numbers; the columns, indexes and constraints of a table
/// lie side by side, so that each table has a range of each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/model/audit.hpp"
#include "core/model/finding.hpp"
#include "core/model/partitions.hpp"

namespace deal {

/// Positions [begin, end) of one table's entries in a flat array.
struct Range {
  int begin = 0;
  int end = 0;
};

enum class TableKind : char { table = 'r', partitioned = 'p', materialized_view = 'm' };

/// A table, partitioned table or materialized view.
struct Table {
  ObjectId oid = 0;
  std::string schema;
  std::string name;
  std::string identity;  ///< schema.name, quoted as in SQL
  ObjectId owner = 0;
  TableKind kind = TableKind::table;
  int parent = -1;            ///< position of the partitioned table that this is a partition of
  bool partition = false;     ///< also true when the parent is not in the model
  bool foreign_leaf = false;  ///< has a foreign table below it
  bool unlogged = false;
  double rows = -1;        ///< pg_class.reltuples; -1: never counted
  std::int64_t pages = 0;  ///< pg_class.relpages, as of the last VACUUM or ANALYZE
  std::int64_t sequential_scans = 0;
  std::int64_t index_scans = 0;  ///< of all its indexes
  std::int64_t inserts = 0;
  std::int64_t updates = 0;
  std::int64_t deletes = 0;
  double live = 0;  ///< rows by the counters (pg_stat_all_tables.n_live_tup)
  bool row_security = false;
  bool force_row_security = false;
  bool granted = false;      ///< somebody else than its owner has a right on it or on one of its columns
  bool maintenance = false;  ///< some session holds SHARE UPDATE EXCLUSIVE: a build or vacuum may be running
  Range columns;
  Range indexes;
  Range constraints;
  Range bounds;  ///< of a partitioned table: its partitions
};

struct Column {
  int table = 0;
  int number = 0;  ///< pg_attribute.attnum
  std::string name;
  std::string type;
  bool not_null = false;
  bool numbered = false;  ///< identity, serial or otherwise owning a sequence
};

/// One column of an index.
struct IndexColumn {
  int number = 0;  ///< attribute of the table; 0: an expression
  ObjectId opclass = 0;
  ObjectId collation = 0;
  int options = 0;  ///< pg_index.indoption: 1 descending, 2 nulls first
  std::string
      parameters;   ///< of the opclass (pg_attribute.attoptions), such as siglen=32; empty: its defaults
  bool key = true;  ///< false: INCLUDE
  std::string expression;  ///< deparsed; empty for plain columns
};

struct Index {
  ObjectId oid = 0;
  int table = 0;
  std::string name;
  std::string identity;  ///< schema.name, quoted as in SQL
  std::string method;    ///< access method
  Range columns;         ///< in Catalog::index_columns
  int key_count = 0;
  std::string predicate;  ///< deparsed; empty: not partial
  std::string options;    ///< reloptions
  ObjectId tablespace = 0;
  std::string definition;  ///< whole; only of partitions' indexes that hang on no other and of unfinished
                           ///< ones of partitioned tables
  bool deparsed = true;    ///< false: expressions and predicate could not be read without waiting for a lock
  bool partial = false;
  bool unique = false;
  bool nulls_not_distinct = false;
  bool primary = false;
  bool exclusion = false;
  bool immediate = true;
  bool valid = true;
  bool ready = true;
  bool replica_identity = false;
  bool clustered = false;
  bool partitioned = false;  ///< index of a partitioned table
  ObjectId parent = 0;       ///< index of the partitioned table that this is attached to
  bool constraint = false;   ///< backs a primary key, unique or exclusion constraint
  bool key_target = false;   ///< a foreign key refers to it
  std::int64_t pages = 0;
  std::int64_t scans = 0;  ///< since the statistics were reset
};

struct Constraint {
  ObjectId oid = 0;
  int table = 0;
  std::string name;
  char type = 0;  ///< pg_constraint.contype: p, u, f, c, x, n
  bool validated = true;
  bool enforced = true;
  bool inherited = false;            ///< belongs to the constraint of a partitioned table
  std::vector<int> columns;          ///< attributes, in order
  ObjectId referenced_oid = 0;       ///< foreign key: the other table
  std::string referenced;            ///< the same as schema.name, quoted
  std::vector<std::string> targets;  ///< foreign key: the other table's columns, not quoted
  ObjectId index = 0;                ///< the index behind it (foreign key: of the other table)
  std::string definition;            ///< only of constraints that are not validated
};

/// Facts about the server and the database, as far as the caller may know them.
struct ServerFacts {
  int version = 0;  ///< e.g. 150020
  std::string database;
  ObjectId database_owner = 0;
  std::string caller;
  bool in_recovery = false;
  std::int64_t now = 0;          ///< microseconds since 1970 (UTC)
  std::int64_t stats_since = 0;  ///< the same; 0: unknown
  int standbys = 0;              ///< connected to this server
  int block_size = 8192;
  bool statements_loaded = false;     ///< pg_stat_statements is in the server's memory
  bool statements_created = false;    ///< its extension is created in this database
  bool statements_available = false;  ///< its files are installed
  bool preload_known = false;         ///< shared_preload_libraries may be read
  std::string preload;
};

class Catalog {
 public:
  ServerFacts server;
  std::vector<Table> tables;
  std::vector<Column> columns;
  std::vector<Index> indexes;
  std::vector<IndexColumn> index_columns;
  std::vector<Constraint> constraints;
  std::vector<PartitionKey> partition_keys;        ///< ordered by table
  std::vector<PartitionBound> partition_bounds;    ///< by parent; of one by position, the default one last
  std::vector<LeafPrivileges> leaf_privileges;     ///< ordered by table
  std::vector<PartitionSet> partition_sets;        ///< by name
  std::string partition_sets_unknown;              ///< why the sets could not be read; empty: they could
  std::vector<AuditedState> audited;               ///< by table and log
  std::vector<AuditLogState> audit_logs;           ///< by schema
  std::vector<int> audit_triggers;                 ///< tables that have an audit trigger, ascending
  std::string audits_unknown;                      ///< why auditing could not be read; empty: it could
  std::vector<std::string> hidden_schemas;         ///< not read: the caller has no USAGE on them
  std::unordered_set<std::string> relation_names;  ///< schema.name, quoted: names that are taken

  std::span<const Column> columns_of(const Table& table) const { return slice(columns, table.columns); }
  std::span<const Index> indexes_of(const Table& table) const { return slice(indexes, table.indexes); }
  std::span<const Constraint> constraints_of(const Table& table) const {
    return slice(constraints, table.constraints);
  }
  std::span<const IndexColumn> columns_of(const Index& index) const {
    return slice(index_columns, index.columns);
  }
  std::span<const PartitionBound> bounds_of(const Table& table) const {
    return slice(partition_bounds, table.bounds);
  }
  /// How a table is partitioned; nullptr if it isn't.
  const PartitionKey* partition_key(int table) const;
  /// The enabled or disabled set of a table; nullptr if there is none.
  const PartitionSet* partition_set(int table) const;
  /// The first key_count columns.
  std::span<const IndexColumn> keys_of(const Index& index) const {
    return columns_of(index).first(static_cast<std::size_t>(index.key_count));
  }
  /// The table with this number; nullptr if it isn't in the model.
  const Table* table(ObjectId oid) const;
  /// The column of a table with this attribute number; nullptr if the caller's model has none.
  const Column* column(const Table& table, int number) const;
  /// Names of columns, not quoted.
  std::vector<std::string> column_names(const Table& table, std::span<const int> numbers) const;
  /// Positions of the tables attached to a partitioned table, in order.
  std::vector<int> partitions_of(int table) const;
  /// Size in bytes of so many pages.
  std::int64_t bytes(std::int64_t pages) const { return pages * server.block_size; }

  /// To be called once all arrays are filled and ordered by table: sets the ranges.
  void link();

 private:
  template <class T>
  static std::span<const T> slice(const std::vector<T>& all, Range range) {
    return std::span(all).subspan(static_cast<std::size_t>(range.begin),
                                  static_cast<std::size_t>(range.end - range.begin));
  }
  std::vector<std::pair<int, int>> children_;  ///< (parent, partition), sorted
};

/// Names as a list in SQL: a, "B", c.
std::string quoted_list(std::span<const std::string> names);

}  // namespace deal
