/// Changing tables of users as their owners, under short locks.
#pragma once

#include <string>
#include <vector>

#include "core/base/options.hpp"
#include "core/model/finding.hpp"
#include "server/bridge/short_locks.hpp"

namespace deal::server {

/// A statement and the role with whose rights it runs: that of the object's owner, whoever calls.
struct OwnedStatement {
  ObjectId owner = 0;
  std::string sql;
};

/// Reads the options lock_timeout_ms (50) and max_tries (60).
pg::LockPatience read_patience(Options& options);

/// Runs them in one subtransaction, tried again while locks can't be had.
void run_as_owners(const pg::LockPatience& patience, const std::vector<OwnedStatement>& statements);

/// Which of the triggers that call a function: they are told by their first argument, not by their names,
/// which people may change.
enum class Argument { any, is, is_not };

/// DROP TRIGGER for the triggers of a relation that call `function` (quoted, with its argument types) and
/// whose first argument is, or is not, `first`. Those that a partitioned table has cloned go with the
/// original.
std::vector<std::string> drop_triggers(ObjectId relation, const std::string& function,
                                       Argument which = Argument::any, const std::string& first = {});

}  // namespace deal::server
