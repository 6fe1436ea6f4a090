#include "server/index/statements.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "server/bridge/subtransaction.hpp"
#include "server/index/arguments.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parsetree.h"
}

namespace deal::server {

namespace {

/// Equal texts of one role and path are one template; their calls add up, their times average.
Workload merge_templates(const Workload& workload) {
  Workload merged;
  std::map<std::tuple<std::string, std::string, std::string>, size_t> known;
  for (auto const& statement : workload) {
    auto const [place, fresh] =
        known.emplace(std::make_tuple(statement.query, statement.role, statement.search_path), merged.size());
    if (fresh) {
      merged.push_back(statement);
      continue;
    }
    Statement& same = merged[place->second];
    double const calls = same.calls + statement.calls;
    if (calls > 0) same.mean_ms = (same.mean_ms * same.calls + statement.mean_ms * statement.calls) / calls;
    same.calls = calls;
  }
  return merged;
}

/// UPDATE: the assigned columns; INSERT, DELETE and MERGE touch every index.
void append_profile(const Query& query, const std::vector<PlannedWrite>& writes,
                    std::vector<WriteProfile>& profiles) {
  if (query.commandType == CMD_SELECT || query.resultRelation == 0) return;
  WriteProfile profile;
  profile.target = rt_fetch(query.resultRelation, query.rtable)->relid;
  profile.rows = 1;
  for (auto const& write : writes)
    if (write.table == profile.target) profile.rows = std::max(profile.rows, write.rows);
  profile.all_columns = query.commandType != CMD_UPDATE;
  for (int i = 0; !profile.all_columns && i < list_length(query.targetList); ++i) {
    auto const* entry = static_cast<const TargetEntry*>(list_nth(query.targetList, i));
    if (!entry->resjunk) profile.updated.push_back(entry->resno);
  }
  profiles.push_back(std::move(profile));
}

std::vector<WriteProfile> write_profiles(const Query& query, const std::vector<PlannedWrite>& writes) {
  std::vector<WriteProfile> profiles;
  for (int i = 0; i < list_length(query.cteList); ++i) {
    auto const* with = static_cast<const CommonTableExpr*>(list_nth(query.cteList, i));
    if (IsA(with->ctequery, Query))
      append_profile(*reinterpret_cast<const Query*>(with->ctequery), writes, profiles);
  }
  append_profile(query, writes, profiles);
  return profiles;
}

double time_of(const Statement& statement, bool by_time) {
  return by_time ? statement.calls * statement.mean_ms : statement.calls;
}

/// The statement ready for the planner once for each choice of arguments, as its own role sees it.
std::vector<PlannableStatement> prepare_choices(const Statement& statement) {
  PlannableStatement one{statement, 0, prepare(statement.query), 0, {}};
  check_permissions(one.prepared);
  std::vector<PlannableStatement> choices;
  for (int variant = 0; variant < kArgumentVariants; ++variant) {
    one.prepared.arguments =
        pg::call([&] { return likely_arguments(one.prepared.query, one.prepared.parameters, variant); });
    choices.push_back(one);
    if (one.prepared.arguments == nullptr) break;
  }
  for (auto& choice : choices)
    choice.statement.calls /= static_cast<double>(choices.size());
  return choices;
}

void append(AnalysedWorkload& out, std::vector<PlannableStatement>& choices,
            const std::vector<ObservedUse>& uses) {
  for (auto& choice : choices) {
    choice.number = out.planned;
    out.plannable.push_back(std::move(choice));
  }
  out.uses.insert(out.uses.end(), uses.begin(), uses.end());
  ++out.planned;
}

}  // namespace

double AnalysedWorkload::skipped_time_pct() const {
  double total_ms = 0;
  for (auto const& one : plannable)
    total_ms += time_of(one.statement, true);
  for (auto const& one : skipped)
    total_ms += time_of(one.statement, true);
  bool const by_time = total_ms > 0;
  double total = 0;
  double lost = 0;
  for (auto const& one : plannable)
    total += time_of(one.statement, by_time);
  for (auto const& one : skipped)
    lost += time_of(one.statement, by_time);
  return total + lost > 0 ? 100.0 * lost / (total + lost) : 0;
}

AnalysedWorkload analyse(const Workload& workload, const std::function<bool()>& out_of_time) {
  AnalysedWorkload out;
  out.statements = static_cast<int>(workload.size());
  MemoryContext const keep = CurrentMemoryContext;
  out.words = pg::call([&] { return make_vocabulary(); });
  for (auto const& statement : merge_templates(workload)) {
    pg::check_for_interrupts();
    if (out_of_time()) {
      out.out_of_time = true;
      out.skipped.push_back({statement, "the time limit was reached"});
      continue;
    }
    std::vector<PlannableStatement> choices;
    std::vector<ObservedUse> uses;
    auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
      pg::InContext const in_keep(keep);
      StatementScope const scope(statement);
      choices = prepare_choices(statement);
      for (size_t i = 0; i < choices.size(); ++i) {
        PlanOutcome const base = plan_and_observe(
            choices[i].prepared, static_cast<int>(out.plannable.size() + i), *out.words, uses);
        choices[i].base_cost = base.cost;
        choices[i].writes = write_profiles(*choices[i].prepared.query, base.writes);
      }
    });
    if (failure)
      out.skipped.push_back({statement, failure->message});
    else
      append(out, choices, uses);
  }
  return out;
}

}  // namespace deal::server
