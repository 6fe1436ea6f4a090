#include "server/partition/status.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/partition/names.hpp"
#include "server/bridge/role.hpp"
#include "server/partition/history.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "utils/acl.h"
}

namespace deal::server {

namespace {

bool may_see(const StoredSet& stored) {
  return pg::call([&] {
    return has_privs_of_role(GetUserId(), ROLE_PG_MONITOR) ||
           (stored.owner != InvalidOid && has_privs_of_role(GetUserId(), stored.owner));
  });
}

void add_partitions(SetStatus& status, const PlannedSet& planned) {
  partition::Grid const& grid = planned.stored.set.grid;
  bool any = false;
  for (auto const& leaf : planned.table.partitions) {
    if (leaf.is_default) {
      status.default_rows = std::max(leaf.rows, 0.0);
      continue;
    }
    ++status.partitions;
    if (!any) status.oldest = partition::boundary_text(grid, leaf.lower);
    any = true;
    status.ready_until = partition::boundary_text(grid, leaf.upper);
    if (partition::is_time(grid.kind) && leaf.upper != partition::kMaximum)
      status.runway_days = static_cast<double>(leaf.upper - planned.situation.now) / partition::kDay;
  }
}

void judge(SetStatus& status, const StoredSet& stored) {
  PlannedSet planned;
  auto const failure = pg::attempt(pg::OnSuccess::roll_back, [&] { planned = plan_set(stored); });
  if (failure) {
    status.state = "error";
    status.detail = failure->sqlstate + ": " + failure->message;
    return;
  }
  add_partitions(status, planned);
  if (!stored.set.enabled) {
    status.state = "disabled";
  } else if (status.last_error && status.next_try) {
    status.state = "failing";
    status.detail = *status.last_error;
  } else if (!planned.actions.empty()) {
    status.state = "due";
    status.detail =
        fmt::format("{} actions: {} {} first", planned.actions.size(),
                    partition::name_of(planned.actions.front().kind), planned.actions.front().partition);
  } else {
    status.state = "ok";
  }
}

SetStatus status_of(const StoredSet& stored) {
  partition::Set const& set = stored.set;
  SetStatus status;
  status.parent = quote_qualified(set.schema, set.table);
  if (!stored.problem.empty()) {
    status.key = quote_identifier(set.column);
    status.state = "error";
    status.detail = stored.problem;
    return status;
  }
  status.key = fmt::format("{} ({})", quote_identifier(set.column), partition::name_of(set.grid.kind));
  status.step = partition::to_string(set.grid.kind, set.grid.step);
  status.zone = set.grid.zone.name;
  if (set.retention) status.retention = partition::to_string(set.grid.kind, *set.retention);
  RunHistory const history = run_history(stored);
  status.last_ok = history.last_ok;
  status.last_error = history.last_error;
  status.next_try = history.next_try;
  if (stored.relation == 0) {
    status.state = "gone";
    status.detail = "no table has this name; partition_forget takes the row away";
  } else if (pg::role_name(stored.owner) != set.owner) {
    status.state = "owner changed";
    status.detail =
        fmt::format("enabled by \"{}\", now owned by \"{}\"", set.owner, pg::role_name(stored.owner));
  } else {
    judge(status, stored);
  }
  return status;
}

}  // namespace

std::vector<SetStatus> set_status() {
  std::vector<SetStatus> result;
  for (auto const& stored : read_sets()) {
    if (may_see(stored)) result.push_back(status_of(stored));
  }
  return result;
}

}  // namespace deal::server
