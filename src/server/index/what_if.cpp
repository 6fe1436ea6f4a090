#include "server/index/what_if.hpp"

#include <algorithm>

#include "server/bridge/memory.hpp"
#include "server/index/heap_overcharge.hpp"
#include "server/index/inject.hpp"
#include "server/index/plan_leaves.hpp"

extern "C" {
#include "commands/explain.h"
#include "executor/executor.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
}

namespace deal::server {

namespace {

void collect_list(List* plans, List*& used) {
  ListCell* cell = nullptr;
  foreach (cell, plans)
    collect_used(static_cast<Plan*>(lfirst(cell)), used);
}

/// Runs the planner on a copy, since it scribbles on its input. `copyObject` keeps the Query reusable.
PlannedStmt* run_planner(const PreparedQuery& prepared) {
  auto* copy = static_cast<Query*>(copyObjectImpl(prepared.query));
  PushActiveSnapshot(GetTransactionSnapshot());
  PlannedStmt* const planned =
      standard_planner(copy, prepared.text, CURSOR_OPT_PARALLEL_OK, prepared.arguments);
  PopActiveSnapshot();
  return planned;
}

/// Adds what a plan writes, if it does.
List* append_write(List* writes, const PlannedStmt* planned, const Plan* top) {
  if (top == nullptr || !IsA(top, ModifyTable)) return writes;
  auto const* modify = reinterpret_cast<const ModifyTable*>(top);
  auto* write = static_cast<PlannedWrite*>(palloc(sizeof(PlannedWrite)));
  write->table = rt_fetch(modify->nominalRelation, planned->rtable)->relid;
  write->rows = top->lefttree != nullptr ? top->lefttree->plan_rows : 1;
  return lappend(writes, write);
}

/// Lists in the planner's memory.
struct RawOutcome {
  double cost;
  double overcharge;
  List* used;
  List* writes;
  List* leaves;
};

RawOutcome read_plan(const PlannedStmt* planned, const Injection& injection) {
  RawOutcome raw{planned->planTree->total_cost, heap_overcharge_of(planned, injection.range_indexes), NIL,
                 NIL, find_leaves(planned, injection.visited)};
  collect_used(planned->planTree, raw.used);
  collect_list(planned->subplans, raw.used);
  ListCell* cell = nullptr;
  foreach (cell, planned->subplans)
    raw.writes = append_write(raw.writes, planned, static_cast<Plan*>(lfirst(cell)));
  raw.writes = append_write(raw.writes, planned, planned->planTree);
  return raw;
}

/// The number of an index as our callers know it: a partition's part stands for the whole.
Oid number_outside(const IndexSet& indexes, Oid oid) {
  const Hypothetical* const added = hypothetical_behind(indexes.added, oid);
  return added != nullptr ? added->oid : oid;
}

#if PG_VERSION_NUM < 160000
/// PostgreSQL 15 would prune partitions at start-up, which a generic plan has no values for.
void forget_startup_pruning(Plan* plan) {
  if (plan == nullptr) return;
  check_stack_depth();
  List* children = NIL;
  if (IsA(plan, Append)) {
    auto* append = reinterpret_cast<Append*>(plan);
    append->part_prune_info = nullptr;
    children = append->appendplans;
  } else if (IsA(plan, MergeAppend)) {
    auto* append = reinterpret_cast<MergeAppend*>(plan);
    append->part_prune_info = nullptr;
    children = append->mergeplans;
  }
  ListCell* cell = nullptr;
  foreach (cell, children)
    forget_startup_pruning(static_cast<Plan*>(lfirst(cell)));
  if (IsA(plan, SubqueryScan)) forget_startup_pruning(reinterpret_cast<SubqueryScan*>(plan)->subplan);
  forget_startup_pruning(plan->lefttree);
  forget_startup_pruning(plan->righttree);
}
#endif

const char* explain_planned(PlannedStmt* planned, const char* text) {
  ExplainState* const state = NewExplainState();
  state->costs = true;
  state->format = EXPLAIN_FORMAT_TEXT;
#if PG_VERSION_NUM >= 160000
  state->generic = true;
#else
  forget_startup_pruning(planned->planTree);
  ListCell* cell = nullptr;
  foreach (cell, planned->subplans)
    forget_startup_pruning(static_cast<Plan*>(lfirst(cell)));
#endif
  PushActiveSnapshot(GetTransactionSnapshot());
#if PG_VERSION_NUM >= 170000
  ExplainOnePlan(planned, nullptr, state, text, nullptr, nullptr, nullptr, nullptr, nullptr);
#else
  ExplainOnePlan(planned, nullptr, state, text, nullptr, nullptr, nullptr, nullptr);
#endif
  PopActiveSnapshot();
  return state->str->data;
}

}  // namespace

void collect_used(Plan* plan, List*& used) {
  if (plan == nullptr) return;
  check_stack_depth();
  switch (nodeTag(plan)) {
    case T_IndexScan:
      used = list_append_unique_oid(used, reinterpret_cast<IndexScan*>(plan)->indexid);
      break;
    case T_IndexOnlyScan:
      used = list_append_unique_oid(used, reinterpret_cast<IndexOnlyScan*>(plan)->indexid);
      break;
    case T_BitmapIndexScan:
      used = list_append_unique_oid(used, reinterpret_cast<BitmapIndexScan*>(plan)->indexid);
      break;
    case T_Append:
      collect_list(reinterpret_cast<Append*>(plan)->appendplans, used);
      break;
    case T_MergeAppend:
      collect_list(reinterpret_cast<MergeAppend*>(plan)->mergeplans, used);
      break;
    case T_BitmapAnd:
      collect_list(reinterpret_cast<BitmapAnd*>(plan)->bitmapplans, used);
      break;
    case T_BitmapOr:
      collect_list(reinterpret_cast<BitmapOr*>(plan)->bitmapplans, used);
      break;
    case T_SubqueryScan:
      collect_used(reinterpret_cast<SubqueryScan*>(plan)->subplan, used);
      break;
    case T_CustomScan:
      collect_list(reinterpret_cast<CustomScan*>(plan)->custom_plans, used);
      break;
    default:
      break;
  }
  collect_used(plan->lefttree, used);
  collect_used(plan->righttree, used);
}

PlanOutcome plan(const PreparedQuery& prepared, const IndexSet& indexes, RelationObserver observer,
                 void* observer_state) {
  pg::Memory const memory("deal_advisor what-if plan");
  pg::InContext const in_memory(memory.context());
  Injection injection{memory.context(), indexes, observer, observer_state};
  InjectionScope const active(injection);
  RawOutcome const raw = pg::call([&] { return read_plan(run_planner(prepared), injection); });
  PlanOutcome outcome{raw.cost, raw.overcharge, {}, {}, {}, {}};
  for (int i = 0; i < list_length(raw.writes); ++i)
    outcome.writes.push_back(*static_cast<const PlannedWrite*>(list_nth(raw.writes, i)));
  for (int i = 0; i < list_length(raw.used); ++i) {
    Oid const oid = list_nth_oid(raw.used, i);
    outcome.used.push_back(number_outside(indexes, oid));
  }
  for (int i = 0; i < list_length(raw.leaves); ++i) {
    PlannedLeaf leaf = *static_cast<const PlannedLeaf*>(list_nth(raw.leaves, i));
    leaf.index = number_outside(indexes, leaf.index);
    outcome.leaves.push_back(leaf);
  }
  for (int i = 0; i < list_length(injection.informing); ++i)
    outcome.informing.push_back(list_nth_oid(injection.informing, i));
  std::sort(outcome.used.begin(), outcome.used.end());
  outcome.used.erase(std::unique(outcome.used.begin(), outcome.used.end()), outcome.used.end());
  return outcome;
}

PlannedStmt* planned_statement(const PreparedQuery& prepared, const IndexSet& indexes) {
  Injection injection{CurrentMemoryContext, indexes, nullptr, nullptr};
  InjectionScope const active(injection);
  return pg::call([&] { return run_planner(prepared); });
}

void check_permissions(const PreparedQuery& prepared) {
  pg::Memory const memory("deal_advisor permission check");
  pg::InContext const in_memory(memory.context());
  pg::call([&] {
    PlannedStmt* const planned = run_planner(prepared);
#if PG_VERSION_NUM >= 160000
    ExecCheckPermissions(planned->rtable, planned->permInfos, true);
#else
    ExecCheckRTPerms(planned->rtable, true);
#endif
  });
}

std::string explain(const PreparedQuery& prepared, const IndexSet& indexes) {
  pg::Memory const memory("deal_advisor what-if explain");
  pg::InContext const in_memory(memory.context());
  Injection injection{memory.context(), indexes, nullptr, nullptr};
  InjectionScope const active(injection);
  std::string text =
      pg::call([&]() -> const char* { return explain_planned(run_planner(prepared), prepared.text); });
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

}  // namespace deal::server
