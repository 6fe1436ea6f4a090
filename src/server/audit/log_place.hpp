/// Where audit logs are, whose they are, and which one a table's trigger names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/bridge/call.hpp"

namespace deal::server {

/// A log that exists.
struct LogPlace {
  std::string schema;  ///< not quoted
  Oid owner = InvalidOid;
};

/// The log in a schema; nothing when it isn't complete or isn't one role's.
std::optional<LogPlace> find_log_place(const std::string& schema);

/// All that look like logs, by name. Anybody may make such a schema: what is in it may be anything.
std::vector<LogPlace> all_logs();

/// Those that the caller may act for.
std::vector<LogPlace> own_logs();

/// The log in a schema, for a caller that acts as its owner. Errors: 42704 no log there; 42501 the caller may
/// not act as the log's owner.
LogPlace require_log(const std::string& schema);

/// A relation of a log by its name; InvalidOid: there is none.
Oid log_relation_oid(const std::string& schema, const char* name);

/// True for the function that audit triggers call. Inside pg::call.
bool is_capture_function(Oid function);

/// What an audit trigger says.
struct TriggerArguments {
  std::string log;  ///< schema, not quoted
  int32 table = 0;
};
/// That of a relation, the first if it has several; nothing when it has none. Keeps a lock on the relation.
std::optional<TriggerArguments> trigger_arguments(Oid relation);

}  // namespace deal::server
