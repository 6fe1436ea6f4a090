#include "server/index/statements.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/index/representatives.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/index/arguments.hpp"
#include "server/index/shape.hpp"

extern "C" {
#include "nodes/nodes.h"
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
    if (!same.top_level.value_or(false) && statement.top_level) same.top_level = statement.top_level;
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

/// A copy in the current memory context, without all that analysing left beside it.
PreparedQuery copy_of(const PreparedQuery& prepared) {
  return pg::call([&] {
    PreparedQuery copy = prepared;
    copy.query = static_cast<Query*>(copyObjectImpl(prepared.query));
    copy.text = pstrdup(prepared.text);
    if (prepared.variables != nullptr) copy.variables = pstrdup(prepared.variables);
    if (prepared.types != nullptr) {
      size_t const bytes = sizeof(Oid) * static_cast<size_t>(prepared.parameters);
      auto* const types = static_cast<Oid*>(palloc(bytes + 1));
      std::memcpy(types, prepared.types, bytes);
      copy.types = types;
    }
    return copy;
  });
}

/// The statement ready for the planner once for each choice of arguments, as its own role sees it.
std::vector<PlannableStatement> prepare_choices(const Statement& statement) {
  PlannableStatement one{statement, 0, {}, 0, {}};
  one.memory = std::make_shared<const pg::Memory>("deal_advisor statement");
  pg::Memory const scratch("deal_advisor analysis");
  pg::InContext const in_scratch(scratch.context());
  PreparedQuery const prepared = prepare(statement.query, dialect_of(statement));
  check_permissions(prepared);
  pg::InContext const in_memory(one.memory->context());
  one.prepared = copy_of(prepared);
  std::vector<PlannableStatement> choices;
  for (int variant = 0; variant < kArgumentVariants; ++variant) {
    one.prepared.arguments = pg::call([&] {
      MemoryContext const kept = MemoryContextSwitchTo(scratch.context());
      ParamListInfo const found = likely_arguments(prepared.query, prepared.parameters, variant);
      MemoryContextSwitchTo(kept);
      return found != nullptr ? copyParamList(found) : nullptr;
    });
    choices.push_back(one);
    if (one.prepared.arguments == nullptr) break;
  }
  for (auto& choice : choices)
    choice.statement.calls /= static_cast<double>(choices.size());
  return choices;
}

void append(AnalysedWorkload& out, std::vector<PlannableStatement>& choices,
            const std::vector<ObservedUse>& uses) {
  if (choices.front().prepared.variables != nullptr) ++out.with_variables;
  for (auto& choice : choices) {
    choice.number = out.planned;
    out.plannable.push_back(std::move(choice));
  }
  out.uses.insert(out.uses.end(), uses.begin(), uses.end());
  ++out.planned;
}

/// What statements must have in common to be one template, apart from the tree itself. Constants that a
/// partial index could be restricted to are none to be merged over.
using Likeness = std::tuple<std::string, std::string, int, std::vector<Oid>, std::vector<int32_t>>;

std::vector<Likeness> likenesses(const AnalysedWorkload& workload) {
  std::vector<Likeness> out;
  for (auto const& one : workload.plannable)
    out.emplace_back(one.statement.role, one.statement.search_path, one.prepared.query->commandType,
                     std::vector<Oid>{}, std::vector<int32_t>{});
  for (auto const& use : workload.uses) {
    auto& likeness = out[static_cast<size_t>(use.use.query)];
    std::get<3>(likeness).push_back(use.relation);
    for (auto const& condition : use.use.conditions)
      std::get<4>(likeness).push_back(condition.predicate);
  }
  return out;
}

/// Groups of statements that differ in constants only, each by ascending position, in the order of their
/// first. Those with choices of arguments stay alone.
std::vector<std::vector<int>> alike(const AnalysedWorkload& workload) {
  pg::Memory const memory("deal_advisor statement shapes");
  pg::InContext const in_memory(memory.context());
  struct Group {
    Query* shape;
    size_t place;
  };
  std::vector<std::vector<int>> groups;
  std::map<Likeness, std::vector<Group>> known;
  std::vector<Likeness> const likeness = likenesses(workload);
  for (size_t i = 0; i < workload.plannable.size(); ++i) {
    auto const& one = workload.plannable[i];
    bool const alone = one.prepared.arguments != nullptr;
    auto& candidates = known[likeness[i]];
    Query* const shape = alone ? nullptr : pg::call([&] { return shape_of(one.prepared.query); });
    auto const same = std::find_if(candidates.begin(), candidates.end(), [&](const Group& group) {
      return !alone && pg::call([&] { return equal(group.shape, shape); });
    });
    if (same != candidates.end()) {
      groups[same->place].push_back(static_cast<int>(i));
      continue;
    }
    if (!alone) candidates.push_back({shape, groups.size()});
    groups.push_back({static_cast<int>(i)});
  }
  return groups;
}

/// Statements that differ in constants only become one, planned as the few that stand for the others.
void merge_alike(AnalysedWorkload& workload) {
  std::vector<PlannableStatement> kept;
  std::vector<int> place(workload.plannable.size(), -1);
  int number = -1;
  int last = -1;
  for (auto const& group : alike(workload)) {
    std::vector<index::Alike> costs;
    double calls = 0;
    for (int const i : group) {
      auto const& one = workload.plannable[static_cast<size_t>(i)];
      costs.push_back({one.base_cost, one.statement.calls});
      calls += one.statement.calls;
    }
    std::vector<int> const chosen = index::representatives(costs, kArgumentVariants);
    bool const merged = group.size() > 1;
    for (int const which : chosen) {
      int const i = group[static_cast<size_t>(which)];
      PlannableStatement& one = workload.plannable[static_cast<size_t>(i)];
      if (which == chosen.front() && one.number != last) ++number;
      last = one.number;
      place[static_cast<size_t>(i)] = static_cast<int>(kept.size());
      kept.push_back(std::move(one));
      kept.back().number = number;
      if (merged) kept.back().statement.calls = calls / static_cast<double>(chosen.size());
    }
  }
  workload.plannable = std::move(kept);
  workload.planned = number + 1;
  std::erase_if(workload.uses, [&](ObservedUse& use) {
    use.use.query = place[static_cast<size_t>(use.use.query)];
    return use.use.query < 0;
  });
}

/// Moves what the statements left over need into one context: by itself each takes twice the room.
void close_ranks(AnalysedWorkload& workload, MemoryContext keep) {
  pg::InContext const in_keep(keep);
  const pg::Memory* last = nullptr;
  PreparedQuery shared{};
  for (auto& one : workload.plannable) {
    if (last == nullptr || one.memory.get() != last) shared = copy_of(one.prepared);
    last = one.memory.get();
    ParamListInfo const arguments = one.prepared.arguments;
    one.prepared = shared;
    one.prepared.arguments =
        pg::call([&] { return arguments != nullptr ? copyParamList(arguments) : nullptr; });
  }
  for (auto& one : workload.plannable)
    one.memory.reset();
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
        choices[i].base_overcharge = base.overcharge;
        choices[i].base_used = base.used;
        choices[i].base_leaves = base.leaves;
        choices[i].writes = write_profiles(*choices[i].prepared.query, base.writes);
      }
    });
    if (failure)
      out.skipped.push_back({statement, failure->message});
    else
      append(out, choices, uses);
  }
  merge_alike(out);
  close_ranks(out, keep);
  return out;
}

}  // namespace deal::server
