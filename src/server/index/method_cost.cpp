#include "server/index/method_cost.hpp"

#include <algorithm>
#include <cmath>

#include "server/index/gin_cost.hpp"

extern "C" {
#include "access/amapi.h"
#include "access/brin.h"
#include "access/brin_page.h"
#include "catalog/pg_am.h"
#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
#include "utils/index_selfuncs.h"
#include "utils/spccache.h"
}

namespace deal::server {

namespace {

/// How often brincostestimate is still to ask for statistics: first thing, once for each expression it is
/// searched by.
int order_requests = 0;

int expression_clauses(const IndexPath* path) {
  int count = 0;
  ListCell* cell = nullptr;
  foreach (cell, path->indexclauses)
    count += path->indexinfo->indexkeys[lfirst_node(IndexClause, cell)->indexcol] == 0 ? 1 : 0;
  return count;
}

/// What the planner gets: its own node first, ours behind it.
struct PricedInfo {
  IndexOptInfo info;
  GinPages gin;
  BlockNumber pages_per_range;
};

const PricedInfo& priced(const IndexPath* path) {
  return *reinterpret_cast<const PricedInfo*>(path->indexinfo);
}

void gin_cost(PlannerInfo* root, IndexPath* path, double loops, Cost* startup, Cost* total,
              Selectivity* selectivity, double* correlation, double* pages) {
  IndexPrice const price = price_gin(root, path, loops, priced(path).gin);
  *startup = price.startup;
  *total = price.total;
  *selectivity = price.selectivity;
  *correlation = 0;
  *pages = price.pages;
}

/// The server assumes 128 pages per range. A table of so many more (or fewer) pages has as many ranges as
/// ours; what is charged for the pages of each range is put right afterwards. And an index that exists
/// reports one page less of its map of ranges than the server assumes of one that doesn't.
void brin_cost(PlannerInfo* root, IndexPath* path, double loops, Cost* startup, Cost* total,
               Selectivity* selectivity, double* correlation, double* pages) {
  RelOptInfo* const rel = path->indexinfo->rel;
  BlockNumber const table_pages = rel->pages;
  double const per_range = priced(path).pages_per_range;
  double const ranges = std::fmax(std::ceil(table_pages / per_range), 1.0);
  rel->pages = static_cast<BlockNumber>(std::fmin(ranges * BRIN_DEFAULT_PAGES_PER_RANGE, MaxBlockNumber));
  order_requests = expression_clauses(path);
  brincostestimate(root, path, loops, startup, total, selectivity, correlation, pages);
  rel->pages = table_pages;
  double random = 0;
  double sequential = 0;
  get_tablespace_page_costs(path->indexinfo->reltablespace, &random, &sequential);
  *startup -= sequential * loops;
  *total += (random - sequential) * loops;
  *total += 0.1 * cpu_operator_cost * *selectivity * ranges * (per_range - BRIN_DEFAULT_PAGES_PER_RANGE);
}

}  // namespace

IndexOptInfo* make_priced_info(const Hypothetical& index, const IndexExtent& extent) {
  auto* const made = static_cast<PricedInfo*>(palloc0(sizeof(PricedInfo)));
  NodeSetTag(&made->info, T_IndexOptInfo);
  made->gin = extent.gin;
  made->pages_per_range = index.pages_per_range;
  return &made->info;
}

CostFunction method_cost(Oid method, const IndexAmRoutine& am) {
  if (method == GIN_AM_OID) return gin_cost;
  if (method == BRIN_AM_OID) return brin_cost;
  return reinterpret_cast<CostFunction>(am.amcostestimate);
}

bool is_brin_order_request() {
  if (order_requests == 0) return false;
  --order_requests;
  return true;
}

void forget_brin_order_requests() {
  order_requests = 0;
}

}  // namespace deal::server
