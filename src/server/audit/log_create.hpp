/// Making the schema and the tables of an audit log.
#pragma once

#include <string>

#include "server/audit/log_place.hpp"

namespace deal::server {

/// Makes the log in schema `schema` for `owner` unless it is there, with partitions for the months to come.
/// Errors: 42501 when the schema or the log belongs to another role, or the caller may not make one; 55000
/// when the schema has something else.
LogPlace ensure_log(const std::string& schema, Oid owner);

/// Makes the months of a log relation that are due, and has them made from now on. Acts as the current role,
/// which is the log's owner.
void make_partition_set(const std::string& schema, const std::string& table, const std::string& key_column);

/// Makes the partitions that are due in a log and moves what waited in its overflow tables there; how many
/// rows were moved. Acts as the log's owner; the caller has been checked.
int64_t maintain_log(const LogPlace& log);

}  // namespace deal::server
