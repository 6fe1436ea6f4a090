/// Making the schema and the tables of an audit log.
#pragma once

#include <optional>
#include <string>

#include "server/bridge/call.hpp"

namespace deal::server {

/// A log that exists.
struct LogPlace {
  std::string schema;  ///< not quoted
  Oid owner = InvalidOid;
};

/// The log in a schema, if there is one.
std::optional<LogPlace> find_log_place(const std::string& schema);

/// Makes the log in schema `schema` for `owner` unless it is there, with partitions for the months to come.
/// Errors: 42501 when the schema or the log belongs to another role, or the caller may not make one; 42P07
/// when tables of the log's names are in the way.
LogPlace ensure_log(const std::string& schema, Oid owner);

/// Makes the months of a log relation that are due, and has them made from now on. Acts as the current role,
/// which is the log's owner.
void make_partition_set(const std::string& schema, const std::string& table, const std::string& key_column);

/// Makes the partitions that are due in a log and moves what waited in its overflow tables there; how many
/// rows were moved. Acts as the log's owner; the caller has been checked.
int64_t maintain_log(const LogPlace& log);

/// The log of a relation's audit trigger, or none.
std::string log_schema_of(Oid relation);

}  // namespace deal::server
