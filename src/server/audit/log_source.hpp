/// An audited table and its log, for who reads it: found, trusted, and open to the caller.
#pragma once

#include "core/audit/columns.hpp"
#include "server/audit/log_config.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace deal::server {

/// SQLSTATE of answers that the log can't give in full.
inline constexpr const char* kIncompleteLog = "DA002";

/// A layout and since when it is known.
struct NotedLayout {
  StoredLayout stored;
  TimestampTz noted = 0;
};

/// All that the log says of one table, but for the events.
struct LogSource {
  Oid relation = InvalidOid;
  Oid owner = InvalidOid;  ///< of the table
  Oid log_owner = InvalidOid;
  std::string log;   ///< schema of the log, not quoted
  std::string name;  ///< of the table, quoted and qualified
  AuditedTable table;
  TimestampTz enabled = 0;
  std::optional<TimestampTz> disabled;
  std::vector<NotedLayout> layouts;  ///< of the table and its parts, by number
  std::shared_ptr<const audit::Columns> columns;
  std::vector<int> key;        ///< slots of the key columns; empty: the whole row is the key
  std::vector<bool> recorded;  ///< by slot: a column of today whose values the log has
};

/// The log of a table, read as the log's owner. It is the one that the table's trigger names, if its row
/// there is of this very table; without a trigger one of the table's owner. Run it in a subtransaction.
/// Errors: 42704 not audited; 42809 a part of an audited table.
LogSource open_log_source(Oid relation);

/// The table of a log by its number there, if its trigger names that log; nothing when not.
std::optional<LogSource> find_log_source(Oid relation);

/// The relation of the log as it stands in statements.
std::string log_relation(const LogSource& source, const char* name);

/// By slot: which columns the table had at a time, as far as the log noticed (a change of the schema is
/// noticed by the first write after it), and their names of then; empty: not there.
std::vector<std::string> names_at(const LogSource& source, TimestampTz at);

}  // namespace deal::server
