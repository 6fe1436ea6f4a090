/// Upkeep of an audit log: dropping what is old, making what is due.
#pragma once

#include <optional>
#include <string>

#include "server/audit/log_place.hpp"
#include "server/bridge/rows.hpp"

namespace deal::server {

/// Drops the partitions of a log that end before `until`, in the caller's transaction; rows of audit_prune.
/// What they were is noted and, if the log has seals, sealed before. With `dry_run` only says what it would
/// drop. The caller has been checked. Errors: 55P03 locks.
void prune_log(const LogPlace& log, TimestampTz until, const std::optional<std::string>& reason, bool dry_run,
               pg::RowSet& rows);

/// Makes due partitions and empties the overflow of one log (empty: of all that the caller may act for); how
/// many rows were moved. Errors: as require_log.
int64 maintain_logs(const std::optional<std::string>& schema);

}  // namespace deal::server
