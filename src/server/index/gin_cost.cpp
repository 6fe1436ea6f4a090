#include "server/index/gin_cost.hpp"

#include <cmath>

extern "C" {
#include "access/gin.h"
#include "access/reloptions.h"
#include "catalog/pg_collation.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/spccache.h"
}

namespace deal::server {

namespace {

constexpr double kPartialMatches = 100;  ///< entries that a partial match is taken to find
constexpr double kBytesPerItem = 3;      ///< of a posting list
#if PG_VERSION_NUM >= 160000
constexpr double kPageOperators = 50;  ///< CPU price of a page, in operators
#endif

/// How many entries of the index a scan looks up.
struct EntryCounts {
  bool satisfiable = true;
  double partial = 0;
  double exact = 0;
  double searches = 0;
  double array_scans = 1;
  bool normal_scan[INDEX_MAX_KEYS] = {};
  bool full_scan[INDEX_MAX_KEYS] = {};
};

Node* constant_of(PlannerInfo* root, Node* operand) {
  Node* value = estimate_expression_value(root, operand);
  if (IsA(value, RelabelType)) value = reinterpret_cast<Node*>(reinterpret_cast<RelabelType*>(value)->arg);
  return value;
}

/// Counts what the opclass's extractQuery makes of one constant. False: it can match nothing.
bool count_constant(IndexOptInfo* index, int column, Oid op, Datum query, EntryCounts& counts) {
  int strategy = 0;
  Oid left = InvalidOid;
  Oid right = InvalidOid;
  get_op_opfamily_properties(op, index->opfamily[column], false, &strategy, &left, &right);
  Oid const type = index->opcintype[column];
  FmgrInfo extract;
  fmgr_info(get_opfamily_proc(index->opfamily[column], type, type, GIN_EXTRACTQUERY_PROC), &extract);
  set_fn_opclass_options(&extract, index->opclassoptions[column]);
  Oid const collation =
      OidIsValid(index->indexcollations[column]) ? index->indexcollations[column] : DEFAULT_COLLATION_OID;
  int32 entries = 0;
  bool* partial = nullptr;
  Pointer* extra = nullptr;
  bool* nulls = nullptr;
  int32 mode = GIN_SEARCH_MODE_DEFAULT;
  FunctionCall7Coll(&extract, collation, query, PointerGetDatum(&entries),
                    UInt16GetDatum(static_cast<uint16>(strategy)), PointerGetDatum(&partial),
                    PointerGetDatum(&extra), PointerGetDatum(&nulls), PointerGetDatum(&mode));
  if (entries <= 0 && mode == GIN_SEARCH_MODE_DEFAULT) return false;
  for (int32 i = 0; i < entries; ++i) {
    if (partial != nullptr && partial[i])
      counts.partial += kPartialMatches;
    else
      counts.exact += 1;
    counts.searches += 1;
  }
  if (mode == GIN_SEARCH_MODE_INCLUDE_EMPTY) {
    counts.exact += 1;
    counts.searches += 1;
  }
  bool const full = mode != GIN_SEARCH_MODE_DEFAULT && mode != GIN_SEARCH_MODE_INCLUDE_EMPTY;
  (full ? counts.full_scan : counts.normal_scan)[column] = true;
  return true;
}

void count_unknown(EntryCounts& counts) {
  counts.exact += 1;
  counts.searches += 1;
}

bool count_operator(PlannerInfo* root, IndexOptInfo* index, int column, OpExpr* clause, EntryCounts& counts) {
  Node* const operand = constant_of(root, static_cast<Node*>(lsecond(clause->args)));
  if (!IsA(operand, Const)) {
    count_unknown(counts);
    return true;
  }
  auto const* value = reinterpret_cast<Const*>(operand);
  return !value->constisnull && count_constant(index, column, clause->opno, value->constvalue, counts);
}

double array_length(PlannerInfo* root, Node* array) {
#if PG_VERSION_NUM >= 170000
  return estimate_array_length(root, array);
#else
  (void)root;
  return estimate_array_length(array);
#endif
}

/// One scan for each element of the array: the mean element is counted, and the number of scans.
bool count_array(PlannerInfo* root, IndexOptInfo* index, int column, ScalarArrayOpExpr* clause,
                 double entries, EntryCounts& counts) {
  Node* const operand = constant_of(root, static_cast<Node*>(lsecond(clause->args)));
  if (!IsA(operand, Const)) {
    count_unknown(counts);
    counts.array_scans *= array_length(root, operand);
    return true;
  }
  auto const* value = reinterpret_cast<Const*>(operand);
  if (value->constisnull) return false;
  ArrayType* const array = DatumGetArrayTypeP(value->constvalue);
  int16 length = 0;
  bool by_value = false;
  char align = 0;
  get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &elements, &nulls, &count);
  EntryCounts sum;
  double possible = 0;
  for (int i = 0; i < count; ++i) {
    if (nulls[i]) continue;
    EntryCounts one;
    if (!count_constant(index, column, clause->opno, elements[i], one)) continue;
    possible += 1;
    bool const whole = one.full_scan[column] && !one.normal_scan[column];
    sum.partial += whole ? 0 : one.partial;
    sum.exact += whole ? entries : one.exact;
    sum.searches += whole ? entries : one.searches;
  }
  if (possible <= 0) return false;
  counts.partial += sum.partial / possible;
  counts.exact += sum.exact / possible;
  counts.searches += sum.searches / possible;
  counts.array_scans *= possible;
  return true;
}

EntryCounts count_entries(PlannerInfo* root, IndexPath* path, double entries) {
  EntryCounts counts;
  IndexOptInfo* const index = path->indexinfo;
  ListCell* cell = nullptr;
  foreach (cell, path->indexclauses) {
    auto const* clause = lfirst_node(IndexClause, cell);
    ListCell* inner = nullptr;
    foreach (inner, clause->indexquals) {
      Expr* const qual = lfirst_node(RestrictInfo, inner)->clause;
      if (IsA(qual, OpExpr))
        counts.satisfiable =
            count_operator(root, index, clause->indexcol, reinterpret_cast<OpExpr*>(qual), counts);
      else if (IsA(qual, ScalarArrayOpExpr))
        counts.satisfiable = count_array(root, index, clause->indexcol,
                                         reinterpret_cast<ScalarArrayOpExpr*>(qual), entries, counts);
      if (!counts.satisfiable) return counts;
    }
  }
  bool whole = path->indexclauses == NIL;
  for (int i = 0; i < index->nkeycolumns; ++i)
    whole = whole || (counts.full_scan[i] && !counts.normal_scan[i]);
  if (whole) {
    counts.partial = 0;
    counts.exact = counts.searches = entries;
  }
  return counts;
}

/// Pages really read per outer loop when caching across loops and array elements counts.
double amortized(PlannerInfo* root, double fetched, double pages, double loops, double array_scans) {
  if (loops <= 1 && array_scans <= 1) return fetched;
  double const all = fetched * loops * array_scans;
  return index_pages_fetched(all, static_cast<BlockNumber>(pages), pages, root) / loops;
}

}  // namespace

IndexPrice price_gin(PlannerInfo* root, IndexPath* path, double loops, const GinPages& figures) {
  IndexOptInfo* const index = path->indexinfo;
  double const entries = std::fmax(figures.entries, 1);
  List* const quals = get_quals_from_indexclauses(path->indexclauses);
  IndexPrice price{};
  price.selectivity = clauselist_selectivity(root, add_predicate_to_index_quals(index, quals),
                                             static_cast<int>(index->rel->relid), JOIN_INNER, nullptr);
  EntryCounts const counts = count_entries(root, path, entries);
  if (!counts.satisfiable) return IndexPrice{};
  double random = 0;
  get_tablespace_page_costs(index->reltablespace, &random, nullptr);

  // Before the first row: a search per entry, and all that partial matches read.
  double const partial = std::fmin(counts.partial / entries, 1.0);
  double const entry_pages = std::ceil(counts.searches * std::rint(std::pow(figures.entry_pages, 0.15))) +
                             std::ceil(figures.entry_pages * partial);
  double const matched_pages = std::ceil(figures.data_pages * partial);
  price.startup = random * (amortized(root, entry_pages, figures.entry_pages, loops, counts.array_scans) +
                            amortized(root, matched_pages, figures.data_pages, loops, counts.array_scans));

  // Then posting lists: their share of the entries, but at least what the rows found need.
  double const tuples = index->tuples;
  double const data_pages =
      std::fmax(std::ceil(figures.data_pages * counts.exact / entries),
                std::ceil(price.selectivity * (tuples / (BLCKSZ / static_cast<int>(kBytesPerItem)))));
  price.pages = amortized(root, data_pages, figures.data_pages, loops, counts.array_scans);
  double run = price.pages * random;

  double const operands = index_other_operands_eval_cost(root, quals);
  double const operators = cpu_operator_cost * list_length(quals);
#if PG_VERSION_NUM >= 160000
  double const page = kPageOperators * cpu_operator_cost;
  double const descent =
      entries > 1 ? std::ceil(std::log2(entries)) * cpu_operator_cost * counts.searches : 0;
  price.startup += descent + page * (entry_pages + matched_pages + counts.searches);
  run += counts.array_scans * (descent + page * (entry_pages + data_pages)) +
         page * matched_pages * (counts.array_scans - 1);
  run += counts.searches * counts.array_scans * operators + tuples * price.selectivity * cpu_index_tuple_cost;
#else
  run += tuples * price.selectivity * (cpu_index_tuple_cost + operators);
#endif
  price.total = price.startup + run + operands;
  price.startup += operands;
  return price;
}

}  // namespace deal::server
