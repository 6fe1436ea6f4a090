#include "server/workload/status.hpp"

#include "server/bridge/memory.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/index/what_if.hpp"
#include "server/workload/prepare.hpp"

namespace deal::server {

namespace {

StatementStatus try_statement(const Statement& statement) {
  StatementStatus status;
  auto const failure = pg::attempt(pg::OnSuccess::roll_back, [&] {
    StatementScope const scope(statement);
    PreparedQuery const prepared = prepare(statement.query, dialect_of(statement));
    check_permissions(prepared);
    (void)plan(prepared, {});
    status.reason = assumptions_of(prepared);
  });
  status.planned = !failure;
  if (failure) status.reason = failure->message;
  return status;
}

}  // namespace

std::vector<StatementStatus> statuses_of(const Workload& workload) {
  double total_time = 0;
  double total_calls = 0;
  for (auto const& statement : workload) {
    total_time += statement.calls * statement.mean_ms;
    total_calls += statement.calls;
  }
  std::vector<StatementStatus> statuses;
  statuses.reserve(workload.size());
  pg::Memory const memory("deal_advisor workload status");
  for (auto const& statement : workload) {
    pg::check_for_interrupts();
    pg::InContext const in_memory(memory.context());
    statuses.push_back(try_statement(statement));
    double const weight = total_time > 0 ? statement.calls * statement.mean_ms : statement.calls;
    double const total = total_time > 0 ? total_time : total_calls;
    statuses.back().share_of_time = total > 0 ? weight / total : 0;
    memory.reset();
  }
  return statuses;
}

}  // namespace deal::server
