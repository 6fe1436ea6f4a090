#include "server/index/range_arguments.hpp"

#include <algorithm>
#include <cmath>

#include "server/bridge/walk.hpp"
#include "server/index/imported.hpp"
#include "server/index/stored_value.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "parser/parsetree.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace deal::server {

namespace {

constexpr double kPassing[] = {0.5, 0.1, 0.01};  ///< share of the rows, by variant

/// -1 for < and <=, 1 for > and >=, 0 for others.
int direction_of(Oid op, Oid type) {
  auto const* order = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
  if (!OidIsValid(order->btree_opf)) return 0;
  switch (get_op_opfamily_strategy(op, order->btree_opf)) {
    case BTLessStrategyNumber:
    case BTLessEqualStrategyNumber:
      return -1;
    case BTGreaterStrategyNumber:
    case BTGreaterEqualStrategyNumber:
      return 1;
    default:
      return 0;
  }
}

bool is_two_sided(const Bound* bound, const List* bounds) {
  ListCell* cell = nullptr;
  foreach (cell, bounds) {
    auto const* other = static_cast<const Bound*>(lfirst(cell));
    if (other->lower != bound->lower && other->table == bound->table && equal(other->column, bound->column))
      return true;
  }
  return false;
}

/// The value below which `share` of the histogram lies.
bool quantile(const Bound* bound, double share, ParamExternData* argument) {
  HeapTuple const statistics = find_statistics(bound->table->relid, bound->column->varattno,
                                               bound->table->relkind == RELKIND_PARTITIONED_TABLE);
  if (!HeapTupleIsValid(statistics)) return false;
  AttStatsSlot slot;
  bool found = false;
  if (get_attstatsslot(&slot, statistics, STATISTIC_KIND_HISTOGRAM, InvalidOid, ATTSTATSSLOT_VALUES)) {
    found = slot.nvalues > 1 && slot.valuetype == bound->param->paramtype;
    if (found) {
      int16 length = 0;
      bool by_value = false;
      get_typlenbyval(slot.valuetype, &length, &by_value);
      auto const place = static_cast<int>(std::lround(share * (slot.nvalues - 1)));
      *argument = {datumCopy(slot.values[place], by_value, length), false, PARAM_FLAG_CONST, slot.valuetype};
    }
    free_attstatsslot(&slot);
  }
  release_statistics(statistics);
  return found;
}

}  // namespace

bool read_bound(const OpExpr* op, const Query* query, Bound* bound) {
  Node* left = pg::without_relabel(static_cast<Node*>(linitial(op->args)));
  Node* right = pg::without_relabel(static_cast<Node*>(lsecond(op->args)));
  Oid opno = op->opno;
  if (!IsA(left, Var)) {
    std::swap(left, right);
    opno = get_commutator(opno);
  }
  if (!IsA(left, Var) || !OidIsValid(opno)) return false;
  auto const* column = castNode(Var, left);
  if (column->varlevelsup != 0 || column->varattno <= 0) return false;
  const RangeTblEntry* const table = rt_fetch(column->varno, query->rtable);
  int const direction = table->rtekind == RTE_RELATION ? direction_of(opno, column->vartype) : 0;
  if (direction == 0) return false;
  bool const bare = IsA(right, Param) && castNode(Param, right)->paramkind == PARAM_EXTERN;
  *bound = {table, column, bare ? castNode(Param, right) : nullptr, direction > 0};
  return true;
}

int bind_ranges(const List* bounds, ParamListInfo arguments, int variant) {
  int bound_now = 0;
  ListCell* cell = nullptr;
  foreach (cell, bounds) {
    auto const* bound = static_cast<const Bound*>(lfirst(cell));
    if (bound->param == nullptr || bound->param->paramid < 1 ||
        bound->param->paramid > arguments->numParams || is_two_sided(bound, bounds))
      continue;
    ParamExternData& argument = arguments->params[bound->param->paramid - 1];
    if (argument.pflags != 0 || !may_see(bound->table->relid, bound->column->varattno)) continue;
    double const passing = kPassing[variant];
    if (quantile(bound, bound->lower ? 1 - passing : passing, &argument)) ++bound_now;
  }
  return bound_now;
}

}  // namespace deal::server
