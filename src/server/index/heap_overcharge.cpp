#include "server/index/heap_overcharge.hpp"

#include "core/index/heap_overcharge.hpp"

extern "C" {
#include "catalog/pg_am.h"
#include "miscadmin.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
#include "utils/spccache.h"
}

namespace deal::server {

namespace {

/// A BRIN index, real or not, of one relation of the statement.
struct RangeIndex {
  Oid index;
  double rows;  ///< of the relation
  double pages;
  index::PageCosts costs;
};

double of_scan(const Plan* bits, const List* range_indexes) {
  if (bits == nullptr || !IsA(bits, BitmapIndexScan)) return 0;
  Oid const found = reinterpret_cast<const BitmapIndexScan*>(bits)->indexid;
  ListCell* cell = nullptr;
  foreach (cell, range_indexes) {
    auto const* const one = static_cast<const RangeIndex*>(lfirst(cell));
    if (one->index == found)
      return index::heap_overcharge(bits->plan_rows, one->rows, one->pages, one->costs);
  }
  return 0;
}

/// True of a node that has all rows of its input before it gives the first.
bool reads_all_first(const Plan* plan) {
  return IsA(plan, Sort) || IsA(plan, Hash) ||
         (IsA(plan, Agg) && reinterpret_cast<const Agg*>(plan)->aggstrategy != AGG_SORTED);
}

double of_node(const Plan* plan, const List* range_indexes, bool whole);

double of_list(const List* plans, const List* range_indexes, bool whole) {
  double sum = 0;
  ListCell* cell = nullptr;
  foreach (cell, plans)
    sum += of_node(static_cast<const Plan*>(lfirst(cell)), range_indexes, whole);
  return sum;
}

/// `whole`: whether whoever reads this node's rows reads all of them.
double of_node(const Plan* plan, const List* range_indexes, bool whole) {
  if (plan == nullptr) return 0;
  check_stack_depth();
  switch (nodeTag(plan)) {
    case T_BitmapHeapScan:
      return whole ? of_scan(plan->lefttree, range_indexes) : 0;
    case T_Append:
      return of_list(reinterpret_cast<const Append*>(plan)->appendplans, range_indexes, whole);
    case T_MergeAppend:
      return of_list(reinterpret_cast<const MergeAppend*>(plan)->mergeplans, range_indexes, whole);
    case T_SubqueryScan:
      return of_node(reinterpret_cast<const SubqueryScan*>(plan)->subplan, range_indexes, whole);
    case T_NestLoop:
      return of_node(plan->lefttree, range_indexes, whole);
    case T_Limit:
      whole = false;
      break;
    default:
      whole = whole || reads_all_first(plan);
      break;
  }
  return of_node(plan->lefttree, range_indexes, whole) + of_node(plan->righttree, range_indexes, whole);
}

}  // namespace

List* append_range_indexes(List* found, const RelOptInfo* rel) {
  ListCell* cell = nullptr;
  foreach (cell, rel->indexlist) {
    auto const* const info = static_cast<const IndexOptInfo*>(lfirst(cell));
    if (info->relam != BRIN_AM_OID) continue;
    auto* const one = static_cast<RangeIndex*>(palloc0(sizeof(RangeIndex)));
    one->index = info->indexoid;
    one->rows = rel->tuples;
    one->pages = rel->pages;
    get_tablespace_page_costs(rel->reltablespace, &one->costs.random, &one->costs.sequential);
    found = lappend(found, one);
  }
  return found;
}

double heap_overcharge_of(const PlannedStmt* planned, const List* range_indexes) {
  return range_indexes == NIL ? 0 : of_node(planned->planTree, range_indexes, true);
}

}  // namespace deal::server
