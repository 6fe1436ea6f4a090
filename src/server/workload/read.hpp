/// Where a workload comes from: pg_stat_statements, an argument, or any table or view that looks alike.
#pragma once

#include "core/model/workload.hpp"
#include "server/bridge/arguments.hpp"

namespace deal::server {

/// What pg_stat_statements and similar views show in place of a text that the caller may not see.
inline constexpr std::string_view kHiddenText = "<insufficient privilege>";

/// Which statements of a source count as the workload.
struct WorkloadOptions {
  double min_calls = 0;            ///< leave out what ran less often
  int64_t limit = 0;               ///< only so many, by total time; 0: all
  std::vector<std::string> roles;  ///< only statements of these roles; empty: of all
  bool include_utility = false;    ///< also commands that the planner never sees
  bool include_system = false;     ///< also statements that touch no user table
};

/// Reads the options of workload(): a JSON object; unknown keys and wrong types are errors (22023).
WorkloadOptions workload_options(const std::string& json);

/// The statements of pg_stat_statements that ran in this database, most total time first. Several entries of
/// one statement (top-level and nested) are one. A role that is gone is called `unknown (OID=n)`, never
/// the caller. Raises 55000 with a HINT when there is no workload to read.
Workload read_workload(const WorkloadOptions& options = {});

/// The statements of an argument of type deal_advisor.statement[]: missing calls are 1, missing times 0, a
/// missing id is made of the text. Raises 22004 for a missing text and 22023 for an impossible number.
Workload workload_of(Datum statements);

/// A stable id for a statement that has none: the same text of the same role and search_path has the same.
std::string query_id_of(const Statement& statement);

/// The statements of a table or view with a column `query` and any of calls, mean_ms (mean_exec_time),
/// total_exec_time, role (rolname, usename, userid), search_path, query_id (queryid), dbid, toplevel, under
/// these names. A row without a role belongs to the relation's owner. Rows of a role that the owner may not
/// act as are left out with a WARNING: whoever fills a table must not choose with whose rights its text is
/// planned.
Workload read_workload_from(Oid relation, const WorkloadOptions& options = {});

}  // namespace deal::server
