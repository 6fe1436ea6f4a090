/// Statements that triggers run over and over: prepared once a session, run beside the statement that fired.
#pragma once

#include <functional>
#include <string>

#include "server/bridge/datum.hpp"

namespace pg {

/// What a prepared statement is for: one plan each.
struct PlanKey {
  Oid constraint = InvalidOid;
  Oid relation = InvalidOid;
  int kind = 0;
  bool operator==(const PlanKey&) const = default;
};

/// One parameter of a prepared statement.
struct PlanArgument {
  Oid type = InvalidOid;
  Value value;
};

/// Sees what others have committed meanwhile even in REPEATABLE READ, where it may change only rows that the
/// transaction's snapshot shows too (40001 otherwise): what the server's own foreign keys do.
enum class Sees { statement, latest };

struct PlanResult {
  uint64 rows = 0;
  bool first_null = true;  ///< of the first row's first column; true without a row
};

/// Runs the plan of that key; `sql` gives its text when there is none, or when something it depends on has
/// changed since. AFTER triggers of the statement are queued for the end of the statement that is running,
/// as those of a foreign key's actions are: to be called by triggers only. Names in the text must be
/// qualified.
PlanResult run_plan(const PlanKey& key, const std::function<std::string()>& sql,
                    std::span<const PlanArgument> arguments, Sees sees = Sees::statement);

}  // namespace pg
