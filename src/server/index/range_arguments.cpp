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
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace deal::server {

namespace {

constexpr double kPassing[] = {0.5, 0.1, 0.01};  ///< share of the rows, by variant
constexpr double kSkewed = 5;                    ///< times as frequent as the usual value

/// False for operators that are no comparison of the type.
bool side_of(Oid op, Oid type, Side* side) {
  auto const* order = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
  if (!OidIsValid(order->btree_opf)) return false;
  int const strategy = get_op_opfamily_strategy(op, order->btree_opf);
  if (strategy == InvalidStrategy) return false;
  *side = strategy < BTEqualStrategyNumber    ? Side::below
          : strategy == BTEqualStrategyNumber ? Side::equal
                                              : Side::above;
  return true;
}

bool is_two_sided(const Bound* bound, const List* bounds) {
  ListCell* cell = nullptr;
  foreach (cell, bounds) {
    auto const* other = static_cast<const Bound*>(lfirst(cell));
    if (other->side != bound->side && other->table == bound->table && equal(other->column, bound->column))
      return true;
  }
  return false;
}

HeapTuple statistics_of(const Bound* bound) {
  return find_statistics(bound->table->relid, bound->column->varattno,
                         bound->table->relkind == RELKIND_PARTITIONED_TABLE);
}

/// Slots are opened by kind; both have to be closed with free_attstatsslot where they were there.
bool open_slot(AttStatsSlot* slot, HeapTuple statistics, int kind, const Bound* bound) {
  int const wanted =
      kind == STATISTIC_KIND_MCV ? ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS : ATTSTATSSLOT_VALUES;
  if (!get_attstatsslot(slot, statistics, kind, InvalidOid, wanted)) return false;
  if (slot->nvalues > 0 && slot->valuetype == bound->param->paramtype) return true;
  free_attstatsslot(slot);
  return false;
}

ParamExternData argument_of(const AttStatsSlot& slot, int place) {
  int16 length = 0;
  bool by_value = false;
  get_typlenbyval(slot.valuetype, &length, &by_value);
  return {datumCopy(slot.values[place], by_value, length), false, PARAM_FLAG_CONST, slot.valuetype};
}

/// The value below which `share` of the histogram lies.
bool quantile(const Bound* bound, double share, ParamExternData* argument) {
  HeapTuple const statistics = statistics_of(bound);
  if (!HeapTupleIsValid(statistics)) return false;
  AttStatsSlot slot;
  bool const found = open_slot(&slot, statistics, STATISTIC_KIND_HISTOGRAM, bound);
  if (found) {
    *argument = argument_of(slot, static_cast<int>(std::lround(share * (slot.nvalues - 1))));
    free_attstatsslot(&slot);
  }
  release_statistics(statistics);
  return found;
}

/// Share of the rows that a generic plan takes to have any one value.
double usual_share(Oid table, const FormData_pg_statistic& statistics) {
  double distinct = statistics.stadistinct;
  const ImportedRelation* const figures = imported(table);
  if (distinct < 0 && figures != nullptr) {
    distinct *= -figures->counted;
  } else if (distinct < 0) {
    HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple)) return 1;
    distinct *= -reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->reltuples;
    ReleaseSysCache(tuple);
  }
  return distinct >= 1 ? (1 - statistics.stanullfrac) / distinct : 1;
}

/// A value as frequent as the variant wants it; none where all are about equally frequent.
bool value_by_frequency(const Bound* bound, int variant, ParamExternData* argument) {
  HeapTuple const statistics = statistics_of(bound);
  if (!HeapTupleIsValid(statistics)) return false;
  auto const* row = reinterpret_cast<Form_pg_statistic>(GETSTRUCT(statistics));
  AttStatsSlot common;
  AttStatsSlot rare;
  bool found = open_slot(&common, statistics, STATISTIC_KIND_MCV, bound);
  if (found) {
    found = common.nnumbers > 0 && common.numbers[0] >= kSkewed * usual_share(bound->table->relid, *row);
    bool const beyond =
        found && variant == 2 && open_slot(&rare, statistics, STATISTIC_KIND_HISTOGRAM, bound);
    if (beyond) {
      *argument = argument_of(rare, rare.nvalues / 2);
      free_attstatsslot(&rare);
    } else if (found) {
      *argument = argument_of(common, (common.nvalues - 1) * variant / 2);
    }
    free_attstatsslot(&common);
  }
  release_statistics(statistics);
  return found;
}

/// The open parameter that the bound is about and whose column the role may read; null if there is none.
ParamExternData* open_argument(const Bound* bound, ParamListInfo arguments) {
  if (bound->param == nullptr || bound->param->paramid < 1 || bound->param->paramid > arguments->numParams)
    return nullptr;
  ParamExternData* const argument = &arguments->params[bound->param->paramid - 1];
  if (argument->pflags != 0 || !may_see(bound->table->relid, bound->column->varattno)) return nullptr;
  return argument;
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
  Side side{};
  if (table->rtekind != RTE_RELATION || !side_of(opno, column->vartype, &side)) return false;
  bool const bare = IsA(right, Param) && castNode(Param, right)->paramkind == PARAM_EXTERN;
  *bound = {table, column, bare ? castNode(Param, right) : nullptr, side};
  return true;
}

int bind_ranges(const List* bounds, ParamListInfo arguments, int variant) {
  int bound_now = 0;
  ListCell* cell = nullptr;
  foreach (cell, bounds) {
    auto const* bound = static_cast<const Bound*>(lfirst(cell));
    if (bound->side == Side::equal || is_two_sided(bound, bounds)) continue;
    ParamExternData* const argument = open_argument(bound, arguments);
    double const passing = kPassing[variant];
    if (argument != nullptr && quantile(bound, bound->side == Side::above ? 1 - passing : passing, argument))
      ++bound_now;
  }
  return bound_now;
}

int bind_equalities(const List* bounds, ParamListInfo arguments, int variant) {
  int bound_now = 0;
  ListCell* cell = nullptr;
  foreach (cell, bounds) {
    auto const* bound = static_cast<const Bound*>(lfirst(cell));
    ParamExternData* const argument = bound->side == Side::equal ? open_argument(bound, arguments) : nullptr;
    if (argument != nullptr && value_by_frequency(bound, variant, argument)) ++bound_now;
  }
  return bound_now;
}

}  // namespace deal::server
