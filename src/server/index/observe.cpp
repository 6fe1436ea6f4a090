#include "server/index/observe.hpp"

#include "server/bridge/memory.hpp"

extern "C" {
#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

constexpr int kMostClauses = 64;
constexpr int kMostOrders = 6;
constexpr int kMostOrderColumns = 8;

/// One use as plain data, filled inside the planner.
struct RawUse {
  Oid relation;
  int clause_count;
  index::Clause clauses[kMostClauses];
  int arms;
  int order_count;
  int order_lengths[kMostOrders];
  index::KeyColumn orders[kMostOrders][kMostOrderColumns];
  Bitmapset* needed;  ///< attribute numbers; null when a whole row or system column is read
  bool limited;
};

struct ObserverState {
  MemoryContext context;  ///< outlives the planner call
  List* uses;
};

/// The relation being observed.
struct Observed {
  PlannerInfo* root;
  RelOptInfo* rel;
  RawUse* use;
};

Node* strip(Node* node) {
  while (node != nullptr && IsA(node, RelabelType))
    node = reinterpret_cast<Node*>(castNode(RelabelType, node)->arg);
  return node;
}

/// The column of the observed relation that the node is, or 0.
AttrNumber column_of(const Observed& seen, Node* node) {
  Node* const bare = strip(node);
  if (bare == nullptr || !IsA(bare, Var)) return 0;
  auto const* var = castNode(Var, bare);
  return var->varno == static_cast<int>(seen.rel->relid) && var->varlevelsup == 0 && var->varattno > 0
             ? var->varattno
             : static_cast<AttrNumber>(0);
}

bool mentions(const Observed& seen, Node* node) {
  return bms_is_member(static_cast<int>(seen.rel->relid), pull_varnos(seen.root, node));
}

void add_clause(const Observed& seen, AttrNumber attno, index::ClauseKind kind, int arm, double selectivity) {
  RawUse& use = *seen.use;
  for (int i = 0; i < use.clause_count; ++i)
    if (use.clauses[i].attno == attno && use.clauses[i].kind == kind && use.clauses[i].arm == arm) return;
  if (use.clause_count < kMostClauses) use.clauses[use.clause_count++] = {attno, kind, arm, selectivity};
}

/// B-tree strategy of `column op value`, 0 when the default opclass has no such operator.
int strategy_of(Oid opno, Node* column) {
  Oid const opclass = GetDefaultOpClass(exprType(column), BTREE_AM_OID);
  return OidIsValid(opclass) ? get_op_opfamily_strategy(opno, get_opclass_family(opclass)) : 0;
}

/// `column op other`, the column on either side.
void observe_comparison(const Observed& seen, Oid opno, Node* column, Node* other, int arm,
                        double selectivity) {
  AttrNumber const attno = column_of(seen, column);
  if (attno == 0 || !OidIsValid(opno) || mentions(seen, other)) return;
  int const strategy = strategy_of(opno, column);
  if (strategy == 0) return;
  bool const joins = !bms_is_empty(pull_varnos(seen.root, other));
  auto const kind = strategy != BTEqualStrategyNumber ? index::ClauseKind::range
                    : joins                           ? index::ClauseKind::join
                                                      : index::ClauseKind::equal;
  add_clause(seen, attno, kind, arm, selectivity);
}

void observe_clause(const Observed& seen, Node* clause, int arm, double selectivity);

void observe_boolean(const Observed& seen, BoolExpr* expression, int arm, double selectivity) {
  ListCell* cell = nullptr;
  switch (expression->boolop) {
    case AND_EXPR:
      foreach (cell, expression->args)
        observe_clause(seen, static_cast<Node*>(lfirst(cell)), arm, selectivity);
      break;
    case OR_EXPR:
      if (arm != 0) break;  // an OR inside an OR arm: no single index search
      foreach (cell, expression->args)
        observe_clause(seen, static_cast<Node*>(lfirst(cell)), ++seen.use->arms, selectivity);
      break;
    case NOT_EXPR:
      if (AttrNumber const attno = column_of(seen, static_cast<Node*>(linitial(expression->args)));
          attno != 0)
        add_clause(seen, attno, index::ClauseKind::equal, arm, selectivity);
      break;
  }
}

void observe_clause(const Observed& seen, Node* clause, int arm, double selectivity) {
  check_stack_depth();
  if (clause == nullptr) return;
  switch (nodeTag(clause)) {
    case T_RestrictInfo:
      observe_clause(seen, reinterpret_cast<Node*>(castNode(RestrictInfo, clause)->clause), arm, selectivity);
      break;
    case T_OpExpr: {
      auto const* op = castNode(OpExpr, clause);
      if (list_length(op->args) != 2) break;
      auto* const left = static_cast<Node*>(linitial(op->args));
      auto* const right = static_cast<Node*>(lsecond(op->args));
      observe_comparison(seen, op->opno, left, right, arm, selectivity);
      observe_comparison(seen, get_commutator(op->opno), right, left, arm, selectivity);
      break;
    }
    case T_ScalarArrayOpExpr: {
      auto const* op = castNode(ScalarArrayOpExpr, clause);
      auto* const left = static_cast<Node*>(linitial(op->args));
      AttrNumber const attno = column_of(seen, left);
      if (op->useOr && attno != 0 && strategy_of(op->opno, left) == BTEqualStrategyNumber)
        add_clause(seen, attno, index::ClauseKind::list, arm, selectivity);
      break;
    }
    case T_RowCompareExpr: {
      auto const* rows = castNode(RowCompareExpr, clause);
      AttrNumber const attno = column_of(seen, static_cast<Node*>(linitial(rows->largs)));
      if (attno != 0) add_clause(seen, attno, index::ClauseKind::range, arm, selectivity);
      break;
    }
    case T_NullTest: {
      auto const* test = castNode(NullTest, clause);
      AttrNumber const attno = column_of(seen, reinterpret_cast<Node*>(test->arg));
      if (attno != 0 && test->nulltesttype == IS_NULL)
        add_clause(seen, attno, index::ClauseKind::equal, arm, selectivity);
      break;
    }
    case T_BooleanTest: {
      auto const* test = castNode(BooleanTest, clause);
      AttrNumber const attno = column_of(seen, reinterpret_cast<Node*>(test->arg));
      if (attno != 0 && (test->booltesttype == IS_TRUE || test->booltesttype == IS_FALSE))
        add_clause(seen, attno, index::ClauseKind::equal, arm, selectivity);
      break;
    }
    case T_Var:
      if (AttrNumber const attno = column_of(seen, clause); attno != 0 && exprType(clause) == BOOLOID)
        add_clause(seen, attno, index::ClauseKind::equal, arm, selectivity);
      break;
    case T_BoolExpr:
      observe_boolean(seen, castNode(BoolExpr, clause), arm, selectivity);
      break;
    default:
      break;
  }
}

void observe_restrictions(const Observed& seen) {
  ListCell* cell = nullptr;
  foreach (cell, seen.rel->baserestrictinfo) {
    auto* info = lfirst_node(RestrictInfo, cell);
    double const selectivity = clause_selectivity(seen.root, reinterpret_cast<Node*>(info),
                                                  static_cast<int>(seen.rel->relid), JOIN_INNER, nullptr);
    observe_clause(seen, reinterpret_cast<Node*>(info), 0, selectivity);
  }
  foreach (cell, seen.rel->joininfo)
    observe_clause(seen, static_cast<Node*>(lfirst(cell)), 0, 1.0);
}

/// The observed relation's own column in the class, or 0.
AttrNumber member_of(const Observed& seen, const EquivalenceClass* equal) {
  ListCell* cell = nullptr;
  foreach (cell, equal->ec_members) {
    auto* member = lfirst_node(EquivalenceMember, cell);
    if (!bms_is_member(static_cast<int>(seen.rel->relid), member->em_relids)) continue;
    AttrNumber const attno = column_of(seen, reinterpret_cast<Node*>(member->em_expr));
    if (attno != 0) return attno;
  }
  return 0;
}

void observe_equivalences(const Observed& seen) {
  ListCell* cell = nullptr;
  foreach (cell, seen.root->eq_classes) {
    auto const* equal = lfirst_node(EquivalenceClass, cell);
    if (equal->ec_has_volatile || equal->ec_has_const || bms_num_members(equal->ec_relids) < 2) continue;
    if (AttrNumber const attno = member_of(seen, equal); attno != 0)
      add_clause(seen, attno, index::ClauseKind::join, 0, 1.0);
  }
}

bool is_descending(const PathKey* key) {
#if PG_VERSION_NUM >= 180000
  return key->pk_cmptype == COMPARE_GT;
#else
  return key->pk_strategy == BTGreaterStrategyNumber;
#endif
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
    auto const* key = lfirst_node(PathKey, cell);
    AttrNumber const attno = member_of(seen, key->pk_eclass);
    if (attno == 0 || length == kMostOrderColumns) break;
    bool const descending = is_descending(key);
    if (length == 0) flip = descending;
    order[length++] = {attno, descending != flip, key->pk_nulls_first != flip};
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

void on_relation(void* opaque, PlannerInfo* root, RelOptInfo* rel, Oid relation) {
  auto* const state = static_cast<ObserverState*>(opaque);
  if (relation < FirstNormalObjectId) return;
  MemoryContext const planner = MemoryContextSwitchTo(state->context);
  auto* const use = static_cast<RawUse*>(palloc0(sizeof(RawUse)));
  use->relation = relation;
  Observed const seen{root, rel, use};
  observe_restrictions(seen);
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

PlanOutcome plan_and_observe(const PreparedQuery& prepared, int query, std::vector<ObservedUse>& uses) {
  pg::Memory const memory("deal_advisor observed uses");
  ObserverState state{memory.context(), NIL};
  PlanOutcome outcome = plan(prepared, {}, on_relation, &state);
  for (int i = 0; i < list_length(state.uses); ++i) {
    auto const* raw = static_cast<const RawUse*>(list_nth(state.uses, i));
    if (can_be_indexed(raw->relation)) uses.push_back({raw->relation, as_use(*raw, query)});
  }
  return outcome;
}

}  // namespace deal::server
