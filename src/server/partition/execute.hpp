/// Carrying out what the core has planned, as the table's owner, under short locks, with a log.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/partition/plan.hpp"
#include "server/bridge/short_locks.hpp"
#include "server/partition/sets.hpp"

namespace deal::server {

/// How a procedure or function waits between tries: pg::pause in a function, pg::commit_and_pause in a
/// procedure.
using Between = std::function<void(double milliseconds)>;

/// Called in the set's transaction and as its owner, with the number of statements that have run. After the
/// first, which locks the parent, it may look at the catalog again and throw when things are no longer as
/// planned.
using AfterStatement = std::function<void(size_t done)>;

/// Runs the statements in one subtransaction as the set's owner (security restricted), retried while locks
/// can't be had; what it took.
pg::LockEffort run_as_owner(const StoredSet& set, const std::vector<std::string>& statements,
                            const Between& between, const AfterStatement& after = {});

/// Runs the statements that make the partition `leaf` (quoted and qualified) of `parent`, whose facts say
/// whether an index is its replica identity: then the leaf's index of the same kind is the leaf's.
pg::LockEffort run_creation(const StoredSet& set, const partition::Parent& parent, const std::string& leaf,
                            const std::vector<std::string>& statements, const Between& between);

/// One line of deal_advisor_data.partition_log.
struct LogEntry {
  std::string schema;
  std::string table;
  std::string action;     ///< create, drop, detach, drain, split, merge, convert:<step> ...
  std::string partition;  ///< its name
  double took_ms = 0;
  double waited_ms = 0;
  int tries = 1;
  std::string sqlstate;  ///< empty: it went well
  std::string message;   ///< of the failure; or what was done, in words
};

/// Writes one line to the log, which is made on first use. In the current transaction: commit after it.
void log_action(const LogEntry& entry);

/// Runs `work` and writes the line of how long it took without its waiting; if it throws, none.
void run_logged(LogEntry entry, const std::function<pg::LockEffort()>& work);

}  // namespace deal::server
