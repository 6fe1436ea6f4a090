/// The workload: what runs, how often, as whom.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace deal {

/// One statement of a workload; the C++ twin of the SQL type deal_advisor.statement, and what only some
/// sources know.
struct Statement {
  std::string query;        ///< its text; may hold $n parameters
  double calls = 1;         ///< executions in the observed time
  double mean_ms = 0;       ///< mean execution time; 0: unknown
  std::string role;         ///< who runs it; empty: the caller
  std::string search_path;  ///< how its names resolve; empty: the role's own setting
  std::string source;       ///< where it was seen: pg_stat_statements, argument, a table
  std::string query_id;     ///< stable id as text (a 64-bit number for pg_stat_statements)
  /// Sent by a client at least once, not only run inside functions; nothing: unknown.
  std::optional<bool> top_level = std::nullopt;
};

using Workload = std::vector<Statement>;

}  // namespace deal
