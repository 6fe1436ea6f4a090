/// A workload made ready for the planner: templates merged, each statement analysed once under its own role.
#pragma once

#include <memory>

#include "core/model/workload.hpp"
#include "server/bridge/memory.hpp"
#include "server/index/observe.hpp"

namespace deal::server {

/// What a statement writes into one table, for what keeping an index costs.
struct WriteProfile {
  Oid target = 0;
  bool all_columns = false;      ///< INSERT or DELETE: every index of the table is touched
  std::vector<int32_t> updated;  ///< attribute numbers, for UPDATE
  double rows = 0;               ///< per execution, as the planner estimates
};

/// One statement that can be planned; where it matters what is bound, with one choice of arguments of
/// several.
struct PlannableStatement {
  Statement statement;  ///< its calls are those with these arguments
  int number = 0;       ///< of the statement: the same for all choices, which follow each other
  PreparedQuery prepared;
  double base_cost = 0;
  std::vector<WriteProfile> writes;            ///< its own and those in WITH
  std::vector<Oid> base_used{};                ///< indexes in the plan of that cost, ascending
  double base_overcharge = 0;                  ///< part of that cost, as PlanOutcome says
  std::vector<PlannedLeaf> base_leaves{};      ///< of that plan
  std::shared_ptr<const pg::Memory> memory{};  ///< what `prepared` points to while not all are analysed
};

/// One that cannot, and why.
struct SkippedStatement {
  Statement statement;
  std::string reason;
};

/// The workload's statements with what the planner saw in them.
struct AnalysedWorkload {
  std::vector<PlannableStatement> plannable;
  int planned = 0;         ///< statements in it
  int with_variables = 0;  ///< statements that have names which were taken for variables of PL/pgSQL
  std::vector<SkippedStatement> skipped;
  std::vector<ObservedUse> uses;  ///< their query numbers index `plannable`
  Vocabulary* words = nullptr;    ///< of the uses
  int statements = 0;             ///< before equal ones were merged
  bool out_of_time = false;

  /// Share of the workload's total time that was skipped, in percent (by calls where no times are known).
  double skipped_time_pct() const;
};

/// Analyses and plans each statement once. Query trees live in the current memory context; locks stay until
/// the surrounding subtransaction ends. Stops early when `out_of_time` says so: the rest is skipped.
AnalysedWorkload analyse(const Workload& workload, const std::function<bool()>& out_of_time);

}  // namespace deal::server
