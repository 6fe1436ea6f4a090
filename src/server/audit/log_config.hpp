/// What an audit log says about its tables: the rows of audit_table and audit_layout.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/audit/layout.hpp"
#include "server/bridge/call.hpp"

namespace deal::server {

/// A relation in one cluster and database: after dump and restore, or in a copy, its OID says nothing.
struct Incarnation {
  Oid relation = InvalidOid;
  Oid database = InvalidOid;
  uint64 system = 0;

  bool operator==(const Incarnation&) const = default;
};
/// Of a relation of this database.
Incarnation incarnation_of(Oid relation);

/// A row of audit_table.
struct AuditedTable {
  int32 table = 0;
  std::string schema;
  std::string name;
  std::string owner;
  Incarnation incarnation;
  std::string mode;
  std::vector<int> key_columns;      ///< column ids
  std::string history;               ///< name of the history table; empty: none
  std::vector<int> history_columns;  ///< the id that each of its own columns stands for
  std::string salt;                  ///< bytes
  bool truncate_rows = false;
  bool statement = false;
  bool insert_image = true;
  bool enabled = true;
};

/// A row of audit_layout.
struct StoredLayout {
  Incarnation incarnation;
  std::string relation_name;
  audit::Layout layout;
};

/// Numbers as the text of an SQL array.
std::string array_text(const std::vector<int>& numbers);

/// The log of a schema, read and written as its owner. `schema`: not quoted. Sees what is committed by now.
class LogConfig {
 public:
  LogConfig(std::string schema, Oid owner) : schema_(std::move(schema)), owner_(owner) {}

  std::optional<AuditedTable> table(int32 table) const;
  /// The newest layout of one relation in its present incarnation.
  std::optional<StoredLayout> newest_layout(int32 table, const Incarnation& relation) const;
  /// The newest layout of a table from before its present incarnation: of `relation_name` (quoted), else of
  /// any.
  std::optional<StoredLayout> former_layout(int32 table, const Incarnation& now,
                                            const std::string& relation_name) const;
  /// Writes a layout; its number.
  int32 add_layout(int32 table, const StoredLayout& layout) const;
  /// Notes that a table has another name, owner or incarnation now; not if another transaction is doing so.
  void refresh_table(const AuditedTable& table) const;

 private:
  std::string schema_;
  Oid owner_;
};

}  // namespace deal::server
