#include "server/index/verify_run.hpp"

#include <algorithm>
#include <cmath>

#include "server/bridge/subtransaction.hpp"
#include "server/bridge/time_limit.hpp"

extern "C" {
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "tcop/dest.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

/// Why the statement is not executed; null when it may be.
const char* refusal(const PreparedQuery& prepared) {
  Query* const query = prepared.query;
  if (query->commandType != CMD_SELECT || query->hasModifyingCTE) return "not timed: it writes";
  if (query->rowMarks != NIL || query->hasForUpdate) return "not timed: it locks rows";
  if (prepared.parameters > 0) return "not timed: it has parameters; write values in their place";
  bool const volatile_code =
      pg::call([&] { return contain_volatile_functions(reinterpret_cast<Node*>(query)); });
  return volatile_code ? "not timed: it calls volatile functions" : nullptr;
}

void execute(QueryDesc* query) {
#if PG_VERSION_NUM >= 180000
  ExecutorRun(query, ForwardScanDirection, 0);
#else
  ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
}

/// Milliseconds from the executor's start to its end.
double execution_ms(const PlannableStatement& one, const IndexSet& indexes) {
  StatementScope const scope(one.statement);
  PlannedStmt* const planned = planned_statement(one.prepared, indexes);
  planned->queryId = 0;  // pg_stat_statements counts what the application runs
  return pg::call([&] {
    PushActiveSnapshot(GetTransactionSnapshot());
    QueryDesc* const query = CreateQueryDesc(planned, one.prepared.text, GetActiveSnapshot(), InvalidSnapshot,
                                             None_Receiver, nullptr, nullptr, 0);
    double const start = pg::elapsed_clock_ms();
    ExecutorStart(query, 0);
    execute(query);
    ExecutorFinish(query);
    ExecutorEnd(query);
    double const elapsed = pg::elapsed_clock_ms() - start;
    FreeQueryDesc(query);
    PopActiveSnapshot();
    return elapsed;
  });
}

/// One execution: its time, or why there is none.
struct Execution {
  double ms = 0;
  std::string problem{};
};

Execution execute_once(const PlannableStatement& one, const IndexSet& indexes, double seconds) {
  pg::Memory const memory("deal_advisor index_verify run");
  pg::TimeLimit const limit(static_cast<int64_t>(std::ceil(seconds * 1000)));
  Execution execution;
  try {
    auto const failure = pg::attempt(pg::OnSuccess::roll_back, [&] {
      pg::InContext const in_memory(memory.context());
      execution.ms = execution_ms(one, indexes);
    });
    if (failure) execution.problem = failure->message;
  } catch (const pg::ServerError&) {
    if (!limit.expired()) throw;
    execution.problem = "not done within run_seconds";
  }
  return execution;
}

/// The executions under one index set.
struct Side {
  const IndexSet* indexes;
  std::vector<double> ms{};
  std::string problem{};

  void run(const PlannableStatement& one, double seconds, bool counts) {
    if (!problem.empty()) return;
    Execution const execution = execute_once(one, *indexes, seconds);
    problem = execution.problem;
    if (problem.empty() && counts) ms.push_back(execution.ms);
  }

  std::optional<double> median_ms() const {
    if (!problem.empty() || ms.empty()) return std::nullopt;
    std::vector<double> sorted = ms;
    std::sort(sorted.begin(), sorted.end());
    size_t const half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
};

}  // namespace

RunTimes run_times(const PlannableStatement& one, const IndexSet& before, const IndexSet& after,
                   const RunLimits& limits) {
  const char* const refused = refusal(one.prepared);
  if (refused != nullptr) return {{}, {}, refused};
  Side without{&before};
  Side with{&after};
  for (int run = 0; run <= limits.runs; ++run)  // the first warms the caches
    for (Side* const side : {&without, &with})
      side->run(one, limits.run_seconds, run > 0);
  RunTimes times{without.median_ms(), with.median_ms(), {}};
  if (!without.problem.empty() && without.problem == with.problem)
    times.note = "not timed: " + without.problem;
  else if (!without.problem.empty())
    times.note = "before: " + without.problem;
  else if (!with.problem.empty())
    times.note = "after: " + with.problem;
  return times;
}

}  // namespace deal::server
