#include "server/index/inject.hpp"

#include "server/index/access_method.hpp"
#include "server/index/heap_overcharge.hpp"
#include "server/index/imported.hpp"
#include "server/index/method_cost.hpp"
#include "server/index/plan_leaves.hpp"

extern "C" {
#include "access/amapi.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/partition.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "commands/explain.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

Injection* active = nullptr;

get_relation_info_hook_type next_relation_info = nullptr;
set_rel_pathlist_hook_type next_pathlist = nullptr;
explain_get_index_name_hook_type next_index_name = nullptr;
get_index_stats_hook_type next_index_statistics = nullptr;
get_relation_stats_hook_type next_relation_statistics = nullptr;
get_attavgwidth_hook_type next_width = nullptr;

/// True for our own planner call. Functions that the planner runs to fold constants plan statements of their
/// own, in other memory contexts; errors that such a function catches leave no trace here.
bool is_ours(const PlannerInfo* root) {
  return active != nullptr && root->planner_cxt == active->planner_context;
}

bool is_hidden(Oid oid) {
  for (Oid const hidden : active->indexes.hidden)
    if (hidden == oid) return true;
  return false;
}

void hide_indexes(RelOptInfo* rel) {
  List* kept = NIL;
  ListCell* cell = nullptr;
  foreach (cell, rel->indexlist) {
    auto* info = static_cast<IndexOptInfo*>(lfirst(cell));
    if (!is_hidden(info->indexoid)) kept = lappend(kept, info);
  }
  rel->indexlist = kept;
}

/// The index as it is on one relation: what its leaves don't share.
struct Placed {
  Oid oid;
  const IndexExtent* extent;  ///< null when the index is not on the relation
};

Placed placed_on(const Hypothetical& index, Oid relation) {
  if (index.table == relation) return {index.oid, &index.extent};
  int low = 0;
  int high = index.leaf_count - 1;
  while (low <= high) {
    int const middle = (low + high) / 2;
    if (index.leaves[middle].relation == relation)
      return {index.first_leaf_oid + static_cast<Oid>(middle), &index.leaves[middle].extent};
    if (index.leaves[middle].relation < relation)
      low = middle + 1;
    else
      high = middle - 1;
  }
  return {InvalidOid, nullptr};
}

bool is_leaf_of(const Hypothetical& index, Oid oid) {
  return oid >= index.first_leaf_oid && oid - index.first_leaf_oid < static_cast<Oid>(index.leaf_count);
}

/// Column of the index's table as a column of a leaf partition, whose columns may be in another order.
AttrNumber column_on(const Hypothetical& index, AttrNumber attno, Oid relation) {
  if (index.table == relation || attno <= 0) return attno;
  return get_attnum(relation, get_attname(index.table, attno, false));
}

/// Expressions of the index's table as expressions of this relation in this query.
List* nodes_on(const Hypothetical& index, List* nodes, Oid relation, Index varno) {
  if (nodes == NIL) return NIL;
  auto* copy = static_cast<List*>(copyObjectImpl(nodes));
  if (index.table != relation) {
    Relation const parent = table_open(index.table, AccessShareLock);
    Relation const leaf = table_open(relation, NoLock);
    copy = map_partition_varattnos(copy, 1, leaf, parent);
    table_close(leaf, NoLock);
    table_close(parent, NoLock);
  }
  if (varno != 1) ChangeVarNodes(reinterpret_cast<Node*>(copy), 1, static_cast<int>(varno), 0);
  return copy;
}

/// The index's columns as a target list, as plancat.c builds it: index-only scans are priced from it.
List* target_list(const IndexOptInfo& info, Oid relation, Index varno) {
  List* targets = NIL;
  ListCell* expression = list_head(info.indexprs);
  for (int i = 0; i < info.ncolumns; ++i) {
    Expr* value = nullptr;
    if (info.indexkeys[i] != 0) {
      Oid type = InvalidOid;
      Oid collation = InvalidOid;
      int32 typmod = -1;
      auto const attno = static_cast<AttrNumber>(info.indexkeys[i]);
      get_atttypetypmodcoll(relation, attno, &type, &typmod, &collation);
      value = reinterpret_cast<Expr*>(makeVar(static_cast<int>(varno), attno, type, typmod, collation, 0));
    } else {
      value = static_cast<Expr*>(lfirst(expression));
      expression = lnext(info.indexprs, expression);
    }
    targets = lappend(targets, makeTargetEntry(value, static_cast<AttrNumber>(i + 1), nullptr, false));
  }
  return targets;
}

void describe_access_method(IndexOptInfo& info, Oid method, const IndexAmRoutine& am) {
  info.relam = method;
  info.amcanorderbyop = am.amcanorderbyop;
  info.amoptionalkey = am.amoptionalkey;
  info.amsearcharray = am.amsearcharray;
  info.amsearchnulls = am.amsearchnulls;
  info.amcanparallel = am.amcanparallel;
  info.amhasgettuple = am.amgettuple != nullptr;
  info.amhasgetbitmap = am.amgetbitmap != nullptr;
  info.amcanmarkpos = am.ammarkpos != nullptr && am.amrestrpos != nullptr;
  // Declared without arguments up to PostgreSQL 15.
  info.amcostestimate = reinterpret_cast<decltype(info.amcostestimate)>(method_cost(method, am));
}

IndexOptInfo* make_info(const Hypothetical& index, const Placed& placed, RelOptInfo* rel, Oid relation) {
  const IndexExtent& extent = *placed.extent;
  IndexAmRoutine const& am = *method_routine(index.method);
  IndexOptInfo* const info = make_priced_info(index, extent);
  auto const columns = static_cast<size_t>(index.columns);
  auto const keys = static_cast<size_t>(index.keys);
  info->indexoid = placed.oid;
  info->reltablespace = rel->reltablespace;
  info->rel = rel;
  info->ncolumns = index.columns;
  info->nkeycolumns = index.keys;
  info->indexkeys = static_cast<int*>(palloc(sizeof(int) * columns));
  info->canreturn = static_cast<bool*>(palloc(sizeof(bool) * columns));
  for (int i = 0; i < index.columns; ++i) {
    info->indexkeys[i] = column_on(index, index.attnos[i], relation);
    info->canreturn[i] = index.returnable[i];
  }
  auto const copy_keys = [&](const auto* from) {
    size_t const bytes = sizeof(*from) * keys;  // NOLINT(bugprone-sizeof-expression): some hold pointers
    auto* to = palloc(bytes);
    std::memcpy(to, from, bytes);
    return static_cast<std::remove_const_t<std::remove_pointer_t<decltype(from)>>*>(to);
  };
  info->indexcollations = copy_keys(index.collations);
  info->opfamily = copy_keys(index.opfamilies);
  info->opcintype = copy_keys(index.input_types);
  if (am.amcanorder) {  // B-tree
    info->sortopfamily = info->opfamily;
    info->reverse_sort = copy_keys(index.descending);
    info->nulls_first = copy_keys(index.nulls_first);
  }
  info->opclassoptions = copy_keys(index.opclass_options);
  describe_access_method(*info, index.method, am);
  info->indexprs = nodes_on(index, index.expressions, relation, rel->relid);
  info->indpred = nodes_on(index, index.predicate, relation, rel->relid);
  info->indextlist = target_list(*info, relation, rel->relid);
  info->unique = index.unique;
#if PG_VERSION_NUM >= 180000
  info->nullsnotdistinct = index.nulls_not_distinct;
#endif
  info->immediate = true;
  info->hypothetical = true;  // the planner must not open it to probe its end points
  info->pages = extent.pages;
  info->tuples = index.predicate == NIL ? rel->tuples : std::fmin(extent.tuples, rel->tuples);
  info->tree_height = index.method == BTREE_AM_OID ? extent.root_level : -1;
  return info;
}

/// True when the server lists the index on a parent of partitions too, as proof that rows are unique (from 16
/// on).
bool counts_on_parent(const Hypothetical& index, Oid relation) {
  return PG_VERSION_NUM >= 160000 && index.table == relation && index.leaves != nullptr;
}

/// The sizes that the table and its indexes have where they were exported.
void put_imported_sizes(RelOptInfo* rel, Oid relation) {
  const ImportedRelation* const figures = imported(relation);
  if (figures == nullptr) return;
  rel->pages = figures->pages;
  rel->tuples = figures->rows;
  rel->allvisfrac = figures->all_visible;
  ListCell* cell = nullptr;
  foreach (cell, rel->indexlist) {
    auto* info = static_cast<IndexOptInfo*>(lfirst(cell));
    const ImportedRelation* const of_index = imported(info->indexoid);
    if (of_index == nullptr) continue;
    info->pages = of_index->pages;
    info->tuples = info->indpred == NIL ? rel->tuples : std::fmin(of_index->rows, rel->tuples);
    if (info->relam == BTREE_AM_OID) info->tree_height = imported_tree_height(*of_index);
  }
}

void on_relation_info(PlannerInfo* root, Oid relation, bool inherited_parent, RelOptInfo* rel) {
  if (next_relation_info != nullptr) next_relation_info(root, relation, inherited_parent, rel);
  if (!is_ours(root)) return;
  if (!inherited_parent) put_imported_sizes(rel, relation);
  if (!active->indexes.hidden.empty()) hide_indexes(rel);
  for (auto const& fresh : active->indexes.fresh)
    if (fresh.relation == relation) rel->allvisfrac = fresh.all_visible;
  for (const Hypothetical* const added : active->indexes.added) {
    const Hypothetical& index = *added;
    if (inherited_parent && !counts_on_parent(index, relation)) continue;
    Placed const placed = placed_on(index, relation);
    if (placed.extent != nullptr)
      rel->indexlist = lcons(make_info(index, placed, rel, relation), rel->indexlist);
  }
  MemoryContext const current = MemoryContextSwitchTo(active->planner_context);
  active->range_indexes = append_range_indexes(active->range_indexes, rel);
  MemoryContextSwitchTo(current);
}

/// True for a table that the statement reads only as a part of another; not for the arms of a UNION ALL,
/// which the planner handles alike.
bool is_partition(const PlannerInfo* root, const RelOptInfo* rel) {
  if (rel->reloptkind == RELOPT_BASEREL) return false;
  if (rel->reloptkind != RELOPT_OTHER_MEMBER_REL) return true;
  Index const parent = root->append_rel_array[rel->relid]->parent_relid;
  return planner_rt_fetch(parent, root)->rtekind == RTE_RELATION;
}

void on_pathlist(PlannerInfo* root, RelOptInfo* rel, Index rti, RangeTblEntry* rte) {
  if (next_pathlist != nullptr) next_pathlist(root, rel, rti, rte);
  if (!is_ours(root) || rte->rtekind != RTE_RELATION) return;
  bool const partition = is_partition(root, rel);
  if (!partition) active->visited = append_visited(active->visited, root, rel);
  if (active->observer != nullptr)
    active->observer(active->observer_state, root, rel, {rte->relid, partition});
}

std::span<Hypothetical* const> added_now() {
  return active->indexes.added;
}

const char* on_index_name(Oid index) {
  const Hypothetical* const ours = active != nullptr ? hypothetical_behind(added_now(), index) : nullptr;
  if (ours != nullptr) return ours->name;
  return next_index_name != nullptr ? next_index_name(index) : nullptr;
}

/// The row of pg_statistic that an index's column would have after ANALYZE; null when there is none.
HeapTuple statistics_of(const Hypothetical& index, Oid oid, AttrNumber column) {
  HeapTuple* const all =
      oid == index.oid ? index.statistics : index.leaves[oid - index.first_leaf_oid].statistics;
  return all != nullptr ? all[column - 1] : nullptr;
}

/// True when the plan's user may read every row of the relation, as the server decides it for statistics of
/// real indexes: else it shows them to leakproof functions only. (Only later minor releases of 15 to 18
/// export the server's own.)
bool all_rows_are_readable(PlannerInfo* root, const RelOptInfo* rel) {
  Index named = rel->relid;
  while (root->append_rel_array != nullptr && root->append_rel_array[named] != nullptr) {
    Index const parent = root->append_rel_array[named]->parent_relid;
    if (planner_rt_fetch(parent, root)->rtekind != RTE_RELATION) break;
    named = parent;
  }
  const RangeTblEntry* const entry = planner_rt_fetch(named, root);
#if PG_VERSION_NUM >= 160000
  Oid const view_owner = rel->userid;
#else
  Oid const view_owner = entry->checkAsUser;
#endif
  Oid const user = OidIsValid(view_owner) ? view_owner : GetUserId();
  return entry->securityQuals == NIL && pg_class_aclcheck(entry->relid, user, ACL_SELECT) == ACLCHECK_OK;
}

bool is_partial(Oid index) {
  HeapTuple const tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
  if (!HeapTupleIsValid(tuple)) return true;
  bool const partial = !heap_attisnull(tuple, Anum_pg_index_indpred, nullptr);
  ReleaseSysCache(tuple);
  return partial;
}

void keep_statistics(HeapTuple /*tuple*/) {}  // they live as long as the index or the import

/// Statistics of a real index's expressions, as they were exported.
bool give_imported_index_statistics(Oid oid, AttrNumber column, VariableStatData* found) {
  bool const for_variable = !is_brin_order_request() && found->var != nullptr;
  HeapTuple const tuple = imported_statistics(oid, column, false);
  if (tuple == nullptr || (for_variable && is_partial(oid))) return false;
  found->statsTuple = tuple;
  found->freefunc = keep_statistics;
  found->acl_ok = true;
  return true;
}

/// Hands out imported statistics of a table's column. Who imported them owns what they are about: asking as
/// another role, rights on the whole table or the column count, as in the server.
bool on_relation_statistics(PlannerInfo* root, RangeTblEntry* entry, AttrNumber attno,
                            VariableStatData* found) {
  HeapTuple const tuple = is_ours(root) ? imported_statistics(entry->relid, attno, entry->inh) : nullptr;
  if (tuple == nullptr)
    return next_relation_statistics != nullptr && next_relation_statistics(root, entry, attno, found);
  Oid const user = GetUserId();
  found->statsTuple = tuple;
  found->freefunc = keep_statistics;
  found->acl_ok = entry->securityQuals == NIL &&
                  (pg_class_aclcheck(entry->relid, user, ACL_SELECT) == ACLCHECK_OK ||
                   pg_attribute_aclcheck(entry->relid, attno, user, ACL_SELECT) == ACLCHECK_OK);
  return true;
}

/// Not only inside our planner calls: what widths are for takes no harm.
int32 on_width(Oid relation, AttrNumber attno) {
  int const width = imported_width(relation, attno);
  if (width > 0) return width;
  return next_width != nullptr ? next_width(relation, attno) : 0;
}

/// Hands out the statistics of a hypothetical index's expressions where the server would use a real one's.
bool on_index_statistics(PlannerInfo* root, Oid oid, AttrNumber column, VariableStatData* found) {
  const Hypothetical* index = is_ours(root) ? hypothetical_behind(added_now(), oid) : nullptr;
  if (index == nullptr && is_ours(root)) index = hypothetical_behind(active->indexes.analysed, oid);
  if (index == nullptr && is_ours(root) && give_imported_index_statistics(oid, column, found)) return true;
  if (index == nullptr)
    return next_index_statistics != nullptr && next_index_statistics(root, oid, column, found);
  HeapTuple const tuple = statistics_of(*index, oid, column);
  // A partial index's say nothing of the whole table: good for its own price (no variable given), not for
  // selectivities.
  bool const for_variable = !is_brin_order_request() && found->var != nullptr;
  if (tuple == nullptr || (for_variable && index->predicate != NIL)) return false;
  found->statsTuple = tuple;
  found->freefunc = keep_statistics;
  if (for_variable) {
    found->acl_ok = all_rows_are_readable(root, found->rel);
    MemoryContext const current = MemoryContextSwitchTo(active->planner_context);
    active->informing = list_append_unique_oid(active->informing, index->oid);
    MemoryContextSwitchTo(current);
  }
  return true;
}

}  // namespace

const Hypothetical* hypothetical_behind(std::span<Hypothetical* const> added, Oid oid) {
  for (const Hypothetical* const index : added)
    if (index->oid == oid || is_leaf_of(*index, oid)) return index;
  return nullptr;
}

InjectionScope::InjectionScope(Injection& injection) : outer_(active) {
  active = &injection;
  forget_brin_order_requests();
}

InjectionScope::~InjectionScope() {
  active = outer_;
}

void install_what_if_hooks() {
  next_relation_info = std::exchange(get_relation_info_hook, on_relation_info);
  next_pathlist = std::exchange(set_rel_pathlist_hook, on_pathlist);
  next_index_name = std::exchange(explain_get_index_name_hook, on_index_name);
  next_index_statistics = std::exchange(get_index_stats_hook, on_index_statistics);
  next_relation_statistics = std::exchange(get_relation_stats_hook, on_relation_statistics);
  next_width = std::exchange(get_attavgwidth_hook, on_width);
}

}  // namespace deal::server
