#include "server/index/plan_leaves.hpp"

#include <algorithm>

extern "C" {
#include "miscadmin.h"
#include "parser/parsetree.h"
}

namespace deal::server {

namespace {

/// How often the part of a plan below a node is run, how much of it each time, and whether something above
/// relies on its order.
struct Demand {
  double least_times = 1;
  double most_times = 1;
  double least_share = 1;
  double most_share = 1;
  bool ordered = true;

  Demand unordered() const { return {least_times, most_times, least_share, most_share, false}; }
  Demand in_order() const { return {least_times, most_times, least_share, most_share, true}; }
  /// Ends early, nobody knows when.
  Demand partly() const { return {least_times, most_times, 0, most_share, ordered}; }
  /// Ends early, after this share of the rows or more.
  Demand share(double least, double most) const {
    return {least_times, most_times, least_share * least, most_share * most, ordered};
  }
  /// To the end before the first row is given out.
  Demand whole() const { return {least_times, most_times, 1, 1, false}; }
};

struct Walk {
  const PlannedStmt* planned;
  List* visited;
  List* leaves;
  Bitmapset* initial;  ///< subplans that are run once, where they are attached
};

void walk(Walk& state, const Plan* plan, const Demand& demand);

void walk_list(Walk& state, List* plans, const Demand& demand) {
  ListCell* cell = nullptr;
  foreach (cell, plans)
    walk(state, static_cast<const Plan*>(lfirst(cell)), demand);
}

/// -1 for relations that were not watched, such as partitions.
int relation_of(const Walk& state, Index scanned) {
  const RangeTblEntry* const entry = rt_fetch(scanned, state.planned->rtable);
  ListCell* cell = nullptr;
  foreach (cell, state.visited)
    if (lfirst(cell) == entry->eref) return foreach_current_index(cell);
  return -1;
}

void append_leaf(Walk& state, Oid index, Index scanned, const Plan* plan, const Demand& demand) {
  auto* const leaf = static_cast<PlannedLeaf*>(palloc(sizeof(PlannedLeaf)));
  *leaf = {index,
           relation_of(state, scanned),
           plan->startup_cost,
           plan->total_cost,
           demand.least_times,
           demand.most_times,
           demand.least_share,
           demand.most_share,
           demand.ordered};
  state.leaves = lappend(state.leaves, leaf);
}

/// The plan needs this index in any case: part of a combined bitmap, or of what is run an unknown number of
/// times.
void append_fixed(Walk& state, Oid index) {
  auto* const leaf = static_cast<PlannedLeaf*>(palloc(sizeof(PlannedLeaf)));
  *leaf = {index, -1, 0, 0, 1, 1, 1, 1, true};
  state.leaves = lappend(state.leaves, leaf);
}

/// A scan, with the costs of itself or of what only gathers its rows; false for other nodes.
bool append_scan(Walk& state, const Plan* plan, const Plan* costs, const Demand& demand) {
  Index const scanned = reinterpret_cast<const Scan*>(plan)->scanrelid;
  switch (nodeTag(plan)) {
    case T_SeqScan:
      append_leaf(state, InvalidOid, scanned, costs, demand.unordered());
      return true;
    case T_IndexScan:
      append_leaf(state, reinterpret_cast<const IndexScan*>(plan)->indexid, scanned, costs, demand);
      return true;
    case T_IndexOnlyScan:
      append_leaf(state, reinterpret_cast<const IndexOnlyScan*>(plan)->indexid, scanned, costs, demand);
      return true;
    case T_BitmapHeapScan: {
      const Plan* const bits = outerPlan(plan);
      if (!IsA(bits, BitmapIndexScan)) return false;
      append_leaf(state, reinterpret_cast<const BitmapIndexScan*>(bits)->indexid, scanned, costs,
                  demand.unordered());
      return true;
    }
    default:
      return false;
  }
}

void append_combined(Walk& state, const Plan* bits) {
  List* used = NIL;
  collect_used(const_cast<Plan*>(bits), used);
  ListCell* cell = nullptr;
  foreach (cell, used)
    append_fixed(state, lfirst_oid(cell));
}

/// The inner side once for each outer row that is read, as far as it isn't kept (Memoize, Material) or left
/// early.
Demand inner_demand(const NestLoop* loop, const Demand& demand) {
  double const rows = std::max(1.0, outerPlan(loop)->plan_rows);
  bool const early =
      loop->join.inner_unique || loop->join.jointype == JOIN_SEMI || loop->join.jointype == JOIN_ANTI;
  double least = demand.least_times * std::max(1.0, rows * demand.least_share);
  double most = demand.most_times * std::max(1.0, rows * demand.most_share);
  switch (nodeTag(innerPlan(loop))) {
    case T_SeqScan:
    case T_IndexScan:
    case T_IndexOnlyScan:
    case T_BitmapHeapScan:
      break;
    case T_Material:
      most = demand.most_times;
      [[fallthrough]];
    default:
      least = demand.least_times;
  }
  return {least, most, early ? 0.0 : 1.0, 1, false};
}

/// Rows after those that OFFSET passes over are not told apart from all that are read.
Demand limited_demand(const Limit* limit, const Demand& demand) {
  double const rows = std::max(1.0, outerPlan(limit)->plan_rows);
  double const share = std::min(1.0, limit->plan.plan_rows / rows);
  return demand.share(share, limit->limitOffset != nullptr ? 1 : share);
}

void walk_join(Walk& state, const Plan* plan, const Demand& demand) {
  switch (nodeTag(plan)) {
    case T_NestLoop:
      walk(state, outerPlan(plan), demand);
      walk(state, innerPlan(plan), inner_demand(reinterpret_cast<const NestLoop*>(plan), demand));
      break;
    case T_MergeJoin:
      walk(state, outerPlan(plan), demand.in_order().partly());
      walk(state, innerPlan(plan), demand.in_order().partly());
      break;
    default:
      walk(state, outerPlan(plan), demand.unordered());
      walk(state, innerPlan(plan), demand.whole());
  }
}

Demand grouped_demand(const Agg* aggregate, const Demand& demand) {
  switch (aggregate->aggstrategy) {
    case AGG_HASHED:
      return demand.whole();
    case AGG_PLAIN:
      // From PostgreSQL 16 on aggregates themselves may take sorted rows.
      return PG_VERSION_NUM >= 160000 ? demand.whole().in_order() : demand.whole();
    default:
      return demand.in_order();
  }
}

void walk_one_input(Walk& state, const Plan* plan, const Demand& demand) {
  switch (nodeTag(plan)) {
    case T_Sort:
    case T_Hash:
      walk(state, outerPlan(plan), demand.whole());
      break;
    case T_Gather:
      if (!append_scan(state, outerPlan(plan), plan, demand.unordered()))
        walk(state, outerPlan(plan), demand.unordered());
      break;
    case T_Agg:
      walk(state, outerPlan(plan), grouped_demand(reinterpret_cast<const Agg*>(plan), demand));
      break;
    case T_Limit:
      walk(state, outerPlan(plan), limited_demand(reinterpret_cast<const Limit*>(plan), demand));
      break;
    case T_IncrementalSort:
      walk(state, outerPlan(plan), {demand.least_times, demand.most_times, demand.least_share, 1, true});
      break;
    case T_GatherMerge:
    case T_Group:
    case T_Unique:
    case T_WindowAgg:
    case T_SetOp:
      walk(state, outerPlan(plan), demand.in_order());
      break;
    default:
      walk(state, outerPlan(plan), demand);
  }
  if (innerPlan(plan) != nullptr) walk(state, innerPlan(plan), demand.in_order());
}

void walk_initial(Walk& state, const Plan* plan, const Demand& demand) {
  ListCell* cell = nullptr;
  foreach (cell, plan->initPlan) {
    auto const* const sub = lfirst_node(SubPlan, cell);
    state.initial = bms_add_member(state.initial, sub->plan_id);
    walk(state, static_cast<const Plan*>(list_nth(state.planned->subplans, sub->plan_id - 1)),
         {demand.least_times, demand.most_times, 1, 1, true});
  }
}

void walk(Walk& state, const Plan* plan, const Demand& demand) {
  if (plan == nullptr) return;
  check_stack_depth();
  walk_initial(state, plan, demand);
  if (append_scan(state, plan, plan, demand)) return;
  switch (nodeTag(plan)) {
    case T_BitmapHeapScan:
      append_combined(state, outerPlan(plan));
      break;
    case T_NestLoop:
    case T_MergeJoin:
    case T_HashJoin:
      walk_join(state, plan, demand);
      break;
    case T_Append: {
      auto const* const append = reinterpret_cast<const Append*>(plan);
      bool const whole = demand.least_share == 1 && !append->plan.parallel_aware;
      walk_list(state, append->appendplans, whole ? demand : demand.partly());
      break;
    }
    case T_MergeAppend:
      walk_list(state, reinterpret_cast<const MergeAppend*>(plan)->mergeplans, demand.in_order());
      break;
    case T_SubqueryScan:
      walk(state, reinterpret_cast<const SubqueryScan*>(plan)->subplan, demand);
      break;
    default:
      walk_one_input(state, plan, demand);
  }
}

}  // namespace

List* append_visited(List* visited, PlannerInfo* root, const RelOptInfo* rel) {
  return lappend(visited, planner_rt_fetch(rel->relid, root)->eref);
}

List* find_leaves(const PlannedStmt* planned, List* visited) {
  Walk state{planned, visited, NIL, nullptr};
  walk(state, planned->planTree, {});
  ListCell* cell = nullptr;
  foreach (cell, planned->subplans) {
    if (bms_is_member(foreach_current_index(cell) + 1, state.initial)) continue;
    List* used = NIL;
    collect_used(static_cast<Plan*>(lfirst(cell)), used);
    ListCell* index = nullptr;
    foreach (index, used)
      append_fixed(state, lfirst_oid(index));
  }
  return state.leaves;
}

}  // namespace deal::server
