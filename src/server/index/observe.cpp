#include "server/index/observe.hpp"

#include "server/bridge/memory.hpp"
#include "server/index/observed.hpp"

extern "C" {
#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

struct ObserverState {
  MemoryContext context;  ///< outlives the planner call
  Vocabulary* words;
  List* uses;
};

/// The observed relation's own column or expression in the class, or 0.
int32_t member_of(const Observed& seen, const EquivalenceClass* equal) {
  ListCell* cell = nullptr;
  foreach (cell, equal->ec_members) {
    auto* member = lfirst_node(EquivalenceMember, cell);
    if (!bms_is_member(static_cast<int>(seen.rel->relid), member->em_relids)) continue;
    int32_t const key = key_of(seen, reinterpret_cast<Node*>(member->em_expr));
    if (key != 0) return key;
  }
  return 0;
}

void observe_equivalences(const Observed& seen) {
  ListCell* cell = nullptr;
  foreach (cell, seen.root->eq_classes) {
    auto const* equal = lfirst_node(EquivalenceClass, cell);
    if (equal->ec_has_volatile || equal->ec_has_const || bms_num_members(equal->ec_relids) < 2) continue;
    if (int32_t const key = member_of(seen, equal); key != 0)
      add_clause(seen, {key, index::ClauseKind::join, 0, 1.0});
  }
}

bool is_descending(const PathKey* key) {
#if PG_VERSION_NUM >= 180000
  return key->pk_cmptype == COMPARE_GT;
#else
  return key->pk_strategy == BTGreaterStrategyNumber;
#endif
}

/// `order by place <-> point`: a nearest-neighbour search of an index that has the operator; a B-tree on the
/// distance would serve this one point only.
bool observe_distance(const Observed& seen, const EquivalenceClass* equal) {
  ListCell* cell = nullptr;
  foreach (cell, equal->ec_members) {
    auto* const expression = reinterpret_cast<Node*>(lfirst_node(EquivalenceMember, cell)->em_expr);
    if (!IsA(expression, OpExpr) || list_length(castNode(OpExpr, expression)->args) != 2) continue;
    auto const* op = castNode(OpExpr, expression);
    if (observe_access(seen, op->opno, static_cast<Node*>(linitial(op->args)),
                       static_cast<Node*>(lsecond(op->args)), 0, 1.0, true))
      return true;
  }
  return false;
}

/// The leading sort columns that belong to the observed relation; read backwards when the first descends, so
/// that opposite orders ask for one index.
void observe_order(const Observed& seen, const List* pathkeys) {
  RawUse& use = *seen.use;
  if (use.order_count >= kMostOrders) return;
  index::KeyColumn* const order = use.orders[use.order_count];
  int length = 0;
  bool flip = false;
  ListCell* cell = nullptr;
  foreach (cell, pathkeys) {
    auto const* pathkey = lfirst_node(PathKey, cell);
    if (observe_distance(seen, pathkey->pk_eclass)) break;
    int32_t const key = member_of(seen, pathkey->pk_eclass);
    if (key == 0 || length == kMostOrderColumns) break;
    bool const descending = is_descending(pathkey);
    if (length == 0) flip = descending;
    order[length++] = {key, descending != flip, pathkey->pk_nulls_first != flip};
  }
  if (length > 0) use.order_lengths[use.order_count++] = length;
}

void observe_orders(const Observed& seen) {
  const List* const wanted[] = {seen.root->query_pathkeys, seen.root->sort_pathkeys,
                                seen.root->group_pathkeys, seen.root->distinct_pathkeys,
                                seen.root->window_pathkeys};
  for (size_t i = 0; i < std::size(wanted); ++i) {
    bool repeated = false;
    for (size_t j = 0; j < i; ++j)
      repeated = repeated || equal(wanted[i], wanted[j]);
    if (!repeated) observe_order(seen, wanted[i]);
  }
  seen.use->limited = seen.root->parse->limitCount != nullptr;
}

void observe_needed(const Observed& seen) {
  Bitmapset* attributes = nullptr;
  pull_varattnos(reinterpret_cast<Node*>(seen.rel->reltarget->exprs), seen.rel->relid, &attributes);
  ListCell* cell = nullptr;
  foreach (cell, seen.rel->baserestrictinfo)
    pull_varattnos(reinterpret_cast<Node*>(lfirst_node(RestrictInfo, cell)->clause), seen.rel->relid,
                   &attributes);
  Bitmapset* needed = nullptr;
  int member = -1;
  while ((member = bms_next_member(attributes, member)) >= 0) {
    int const attno = member + FirstLowInvalidHeapAttributeNumber;
    if (attno <= 0) return;  // a whole row or a system column: no index holds that
    needed = bms_add_member(needed, attno);
  }
  seen.use->needed = needed;
}

void on_relation(void* opaque, PlannerInfo* root, RelOptInfo* rel, VisitedTable table) {
  auto* const state = static_cast<ObserverState*>(opaque);
  if (table.partition || table.oid < FirstNormalObjectId) return;
  MemoryContext const planner = MemoryContextSwitchTo(state->context);
  auto* const use = static_cast<RawUse*>(palloc0(sizeof(RawUse)));
  use->relation = table.oid;
  Observed const seen{root, rel, use, state->words};
  observe_clauses(seen);
  observe_conditions(seen);
  observe_equivalences(seen);
  observe_orders(seen);
  observe_needed(seen);
  state->uses = lappend(state->uses, use);
  MemoryContextSwitchTo(planner);
}

index::TableUse as_use(const RawUse& raw, int query) {
  index::TableUse use;
  use.query = query;
  use.clauses.assign(raw.clauses, raw.clauses + raw.clause_count);
  for (int i = 0; i < raw.condition_count; ++i) {
    auto const& condition = raw.conditions[i];
    use.conditions.push_back(
        {condition.predicate, {condition.columns, condition.columns + condition.column_count}});
  }
  for (int i = 0; i < raw.order_count; ++i)
    use.orders.emplace_back(raw.orders[i], raw.orders[i] + raw.order_lengths[i]);
  for (int attno = bms_next_member(raw.needed, -1); attno >= 0; attno = bms_next_member(raw.needed, attno))
    use.needed.push_back(attno);
  use.limited = raw.limited;
  return use;
}

/// Tables that may get an index: user tables, partitioned tables, materialised views; not temporary ones.
bool can_be_indexed(Oid relation) {
  return pg::call([&] {
    char const kind = get_rel_relkind(relation);
    return (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE || kind == RELKIND_MATVIEW) &&
           get_rel_persistence(relation) != RELPERSISTENCE_TEMP;
  });
}

}  // namespace

PlanOutcome plan_and_observe(const PreparedQuery& prepared, int query, Vocabulary& words,
                             std::vector<ObservedUse>& uses) {
  pg::Memory const memory("deal_advisor observed uses");
  ObserverState state{memory.context(), &words, NIL};
  PlanOutcome outcome = plan(prepared, {}, on_relation, &state);
  for (int i = 0; i < list_length(state.uses); ++i) {
    auto const* raw = static_cast<const RawUse*>(list_nth(state.uses, i));
    if (can_be_indexed(raw->relation)) uses.push_back({raw->relation, as_use(*raw, query)});
  }
  return outcome;
}

}  // namespace deal::server
