#include "server/index/access_costs.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

extern "C" {
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
}

namespace deal::server {

namespace {

constexpr int kMostRelations = 64;

/// What of an index is compared: whole paths, those of parallel workers, what it adds to a bitmap; or
/// nothing.
enum class Kind { whole, partial, bitmap, alone, unpriced };

struct RawAccess {
  Oid index;         ///< 0: the table itself
  const void* root;  ///< only told from others
  Index relation;
  int visit;  ///< which of the relations seen; -1: not a whole way to read it
  Kind kind;
  uint64_t needs;
  double startup;
  double total;
  double rows;
  const void** order;
  int order_length;
};

/// Where accesses go while one relation is priced.
struct Visit {
  List*& accesses;
  PlannerInfo* root;
  RelOptInfo* rel;
  int number;
};

RawAccess* append_access(List*& accesses, Oid index, const PlannerInfo* root, Index relation, Kind kind) {
  auto* const access = static_cast<RawAccess*>(palloc0(sizeof(RawAccess)));
  access->index = index;
  access->root = root;
  access->relation = relation;
  access->visit = -1;
  access->kind = kind;
  accesses = lappend(accesses, access);
  return access;
}

/// False if the relations don't fit into the bits.
bool set_needs(RawAccess& access, const Path* path) {
  const Relids outer = PATH_REQ_OUTER(path);
  for (int rel = bms_next_member(outer, -1); rel >= 0; rel = bms_next_member(outer, rel)) {
    if (rel >= kMostRelations) return false;
    access.needs |= uint64_t{1} << rel;
  }
  return true;
}

/// A bitmap's heap pages depend on the share of rows, so that stands beside the cost of finding them.
bool append_path(const Visit& visit, Oid index, const Path* path, Kind kind) {
  RawAccess* const access = append_access(visit.accesses, index, visit.root, visit.rel->relid, kind);
  access->visit = visit.number;
  access->rows = path->rows;
  access->startup = path->startup_cost;
  access->total = path->total_cost;
  // What depends on other relations is never read for its order (see add_path).
  access->order_length = PATH_REQ_OUTER(path) == nullptr ? list_length(path->pathkeys) : 0;
  access->order =
      static_cast<const void**>(palloc(sizeof(void*) * static_cast<size_t>(access->order_length + 1)));
  for (int i = 0; i < access->order_length; ++i)
    access->order[i] = list_nth(path->pathkeys, i);
  bool complete = set_needs(*access, path);
  if (kind == Kind::whole && IsA(path, BitmapHeapPath)) {
    const Path* const bits = reinterpret_cast<const BitmapHeapPath*>(path)->bitmapqual;
    if (!IsA(bits, IndexPath)) return false;
    RawAccess* const part = append_access(visit.accesses, index, visit.root, visit.rel->relid, Kind::bitmap);
    part->startup = reinterpret_cast<const IndexPath*>(bits)->indexselectivity;
    part->total = reinterpret_cast<const IndexPath*>(bits)->indextotalcost;
    complete = set_needs(*part, path) && complete;
  }
  return complete;
}

/// A path of parallel workers: to be used as such, or with what they find gathered at once.
bool append_partial(const Visit& visit, Oid index, Path* path) {
  GatherPath* const gathered =
      create_gather_path(visit.root, visit.rel, path, visit.rel->reltarget, nullptr, nullptr);
  bool const complete = append_path(visit, index, path, Kind::partial);
  return append_path(visit, index, &gathered->path, Kind::whole) && complete;
}

/// Two indexes that serve the arms of an OR are worth nothing alone.
bool has_or_clause(const RelOptInfo* rel) {
  ListCell* cell = nullptr;
  for (const List* const list : {rel->baserestrictinfo, rel->joininfo})
    foreach (cell, list)
      if (restriction_is_or_clause(lfirst_node(RestrictInfo, cell))) return true;
  return false;
}

/// The paths of one index by itself. The relation is as before afterwards.
void price_alone(const Visit& visit, IndexOptInfo* index) {
  RelOptInfo* const rel = visit.rel;
  List* const indexes = rel->indexlist;
  List* const paths = rel->pathlist;
  List* const partial = rel->partial_pathlist;
  rel->indexlist = list_make1(index);
  rel->pathlist = NIL;
  rel->partial_pathlist = NIL;
  create_index_paths(visit.root, rel);
  bool complete = true;
  ListCell* cell = nullptr;
  foreach (cell, rel->pathlist)
    complete = append_path(visit, index->indexoid, static_cast<Path*>(lfirst(cell)), Kind::whole) && complete;
  foreach (cell, rel->partial_pathlist)
    complete = append_partial(visit, index->indexoid, static_cast<Path*>(lfirst(cell))) && complete;
  if (!complete) append_access(visit.accesses, index->indexoid, nullptr, 0, Kind::unpriced);
  rel->indexlist = indexes;
  rel->pathlist = paths;
  rel->partial_pathlist = partial;
}

/// The indexes of a table that is read as a part of another too: pricing them where the statement names the
/// table says nothing of that other use.
void append_unpriced(MemoryContext context, List*& accesses, const RelOptInfo* rel) {
  MemoryContext const planner = MemoryContextSwitchTo(context);
  ListCell* cell = nullptr;
  foreach (cell, rel->indexlist)
    append_access(accesses, static_cast<IndexOptInfo*>(lfirst(cell))->indexoid, nullptr, 0, Kind::unpriced);
  MemoryContextSwitchTo(planner);
}

/// Reading the table itself, by one process or by several; other paths may have pushed it out.
void price_table(const Visit& visit) {
  Relids const outer = visit.rel->lateral_relids;
  append_path(visit, InvalidOid, create_seqscan_path(visit.root, visit.rel, outer, 0), Kind::whole);
  if (!visit.rel->consider_parallel || outer != nullptr) return;
  int const workers =
      compute_parallel_worker(visit.rel, visit.rel->pages, -1, max_parallel_workers_per_gather);
  if (workers > 0)
    append_partial(visit, InvalidOid, create_seqscan_path(visit.root, visit.rel, nullptr, workers));
}

}  // namespace

AccessObserver::AccessObserver()
    : memory_("deal_advisor access costs"), raw_{memory_.context(), NIL, NIL, 0} {}

void AccessObserver::observe(void* state, PlannerInfo* root, RelOptInfo* rel, VisitedTable table) {
  auto* const raw = static_cast<Raw*>(state);
  if (table.partition) {
    append_unpriced(raw->context, raw->accesses, rel);
    return;
  }
  int const number = raw->relations++;
  const RangeTblEntry* const entry = planner_rt_fetch(rel->relid, root);
  // A parent of partitions is read through them, though its indexes may be listed for it too (from 16 on).
  if (entry->tablesample != nullptr || entry->inh || IS_DUMMY_REL(rel)) return;
  MemoryContext const planner = MemoryContextSwitchTo(raw->context);
  bool const with_or = has_or_clause(rel);
  Visit const visit{raw->accesses, root, rel, number};
  price_table(visit);
  ListCell* cell = nullptr;
  foreach (cell, rel->indexlist) {
    auto* const index = static_cast<IndexOptInfo*>(lfirst(cell));
    raw->seen = lappend_oid(raw->seen, index->indexoid);
    if (with_or || index->indexprs != NIL)
      append_access(raw->accesses, index->indexoid, nullptr, 0, Kind::alone);
    price_alone(visit, index);
  }
  MemoryContextSwitchTo(planner);
}

std::vector<index::AccessCost> AccessObserver::costs(const std::map<Oid, int>& candidates,
                                                     std::span<const int> available) const {
  std::map<std::tuple<const void*, Index, Kind>, int> places;
  std::map<const void*, int> orders;
  std::set<int> priced;
  std::set<int> alone;
  std::vector<index::AccessCost> costs;
  for (int i = 0; i < list_length(raw_.seen); ++i) {
    auto const found = candidates.find(list_nth_oid(raw_.seen, i));
    if (found != candidates.end()) priced.insert(found->second);
  }
  for (int i = 0; i < list_length(raw_.accesses); ++i) {
    auto const& raw = *static_cast<const RawAccess*>(list_nth(raw_.accesses, i));
    auto const found = candidates.find(raw.index);
    bool const table = raw.index == InvalidOid;
    if (!table && found == candidates.end()) continue;
    if (raw.kind == Kind::unpriced) priced.erase(found->second);
    if (raw.kind == Kind::alone) alone.insert(found->second);
    if (raw.kind == Kind::unpriced || raw.kind == Kind::alone) continue;
    auto const place = places.emplace(std::make_tuple(raw.root, raw.relation, raw.kind), places.size());
    index::AccessCost cost{table ? index::kNoCandidate : found->second,
                           place.first->second,
                           raw.needs,
                           raw.startup,
                           raw.total,
                           {},
                           raw.visit,
                           raw.rows};
    for (int key = 0; key < raw.order_length; ++key)
      cost.order.push_back(orders.emplace(raw.order[key], orders.size()).first->second);
    costs.push_back(std::move(cost));
  }
  int place = static_cast<int>(places.size());
  for (int const candidate : available)
    if (priced.count(candidate) == 0 || alone.count(candidate) != 0)
      costs.push_back({candidate,
                       place++,
                       0,
                       0,
                       0,
                       {},
                       priced.count(candidate) == 0 ? index::kNotPriced : index::kOnlyCompared});
  return costs;
}

}  // namespace deal::server
