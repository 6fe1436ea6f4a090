#include "server/bridge/walk.hpp"

#include <cmath>
#include "server/index/imported.hpp"
#include "server/index/observed.hpp"
#include "server/index/opclasses.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_database.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

constexpr int kMostAccesses = 4;
constexpr int32 kLongKey = 32;             ///< bytes; a hash of less saves nothing over a B-tree
constexpr BlockNumber kLargeTable = 1000;  ///< pages; block ranges of less are not worth an index
constexpr double kOrdered = 0.9;           ///< correlation of a column with its place in the table

/// The plain column of the observed relation that the tree is, or 0.
int32_t plain(const Observed& seen, Node* node) {
  Node* const bare = pg::without_relabel(node);
  return bare != nullptr && IsA(bare, Var) ? key_of(seen, bare) : 0;
}

bool mentions(const Observed& seen, Node* node) {
  return bms_is_member(static_cast<int>(seen.rel->relid), pull_varnos(seen.root, node));
}

/// B-tree strategy of `column op value`, 0 when the default opclass has no such operator.
int strategy_of(Oid opno, Node* column) {
  Oid const opclass = GetDefaultOpClass(exprType(column), BTREE_AM_OID);
  return OidIsValid(opclass) ? get_op_opfamily_strategy(opno, get_opclass_family(opclass)) : 0;
}

/// A text of a catalog row; empty when it is null.
const char* catalog_text(int cache, HeapTuple tuple, AttrNumber attno) {
  bool null = false;
  Datum const value = SysCacheGetAttr(cache, tuple, attno, &null);
  return null ? "" : TextDatumGetCString(value);
}

/// Of a provider and its locale: the C library's C locale, or any of the server's own.
bool is_byte_order(char provider, const char* locale) {
  constexpr char kBuiltin = 'b';  // COLLPROVIDER_BUILTIN from 17 on
  return provider == kBuiltin || (provider == COLLPROVIDER_LIBC &&
                                  (std::strcmp(locale, "C") == 0 || std::strcmp(locale, "POSIX") == 0));
}

/// Read from the catalogs: pg_locale.h wants the headers of ICU.
bool sorts_by_bytes(Oid collation) {
  if (!OidIsValid(collation)) return true;
  if (collation == DEFAULT_COLLATION_OID) {
    HeapTuple const tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
    if (!HeapTupleIsValid(tuple)) return false;
    bool const bytes = is_byte_order(reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple))->datlocprovider,
                                     catalog_text(DATABASEOID, tuple, Anum_pg_database_datcollate));
    ReleaseSysCache(tuple);
    return bytes;
  }
  HeapTuple const tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
  if (!HeapTupleIsValid(tuple)) return false;
  bool const bytes = is_byte_order(reinterpret_cast<Form_pg_collation>(GETSTRUCT(tuple))->collprovider,
                                   catalog_text(COLLOID, tuple, Anum_pg_collation_collcollate));
  ReleaseSysCache(tuple);
  return bytes;
}

/// `title like 'abc%'`: a range of the key, in byte order.
void observe_prefix(const Observed& seen, Oid opno, int32_t key, Node* column, Node* other, int arm,
                    double selectivity) {
  if (opno != OID_TEXT_LIKE_OP || !IsA(other, Const) || castNode(Const, other)->constisnull) return;
  const char* const pattern = TextDatumGetCString(castNode(Const, other)->constvalue);
  if (pattern[0] == '\0' || pattern[0] == '%' || pattern[0] == '_') return;
  List* const name = list_make2(makeString(pstrdup("pg_catalog")), makeString(pstrdup("text_pattern_ops")));
  Oid const opclass =
      sorts_by_bytes(exprCollation(column)) ? InvalidOid : get_opclass_oid(BTREE_AM_OID, name, true);
  add_clause(seen, {key, index::ClauseKind::range, arm, selectivity, index::AccessMethod::btree, opclass});
}

/// How far the column's order is the table's order: -1 to 1; 0 when unknown.
double correlation_of(Oid table, AttrNumber attno) {
  HeapTuple const tuple = find_statistics(table, attno, false);
  if (!HeapTupleIsValid(tuple)) return 0;
  double correlation = 0;
  AttStatsSlot slot;
  if (get_attstatsslot(&slot, tuple, STATISTIC_KIND_CORRELATION, InvalidOid, ATTSTATSSLOT_NUMBERS)) {
    if (slot.nnumbers > 0) correlation = slot.numbers[0];
    free_attstatsslot(&slot);
  }
  release_statistics(tuple);
  return correlation;
}

/// Methods that have the operator as well (btree_gist, btree_gin): their indexes can take the column along.
void observe_companions(const Observed& seen, Oid opno, int32_t key, Node* column, int arm,
                        double selectivity) {
  struct Method {
    Oid oid;
    index::AccessMethod method;
  };
  constexpr Method kMethods[] = {{GIST_AM_OID, index::AccessMethod::gist},
                                 {GIN_AM_OID, index::AccessMethod::gin}};
  for (auto const& method : kMethods) {
    Oid const opclass = GetDefaultOpClass(exprType(column), method.oid);
    if (!OidIsValid(opclass) || get_op_opfamily_strategy(opno, get_opclass_family(opclass)) == 0) continue;
    add_clause(seen, {key, index::ClauseKind::search, arm, selectivity, method.method, 0, true});
  }
}

/// Other methods that serve a comparison which a B-tree serves too.
void observe_alternatives(const Observed& seen, Oid opno, int32_t key, Node* column, bool equality, int arm,
                          double selectivity) {
  if (equality) observe_companions(seen, opno, key, column, arm, selectivity);
  if (key <= 0) return;
  auto const attno = static_cast<AttrNumber>(key);
  Oid const table = seen.use->relation;
  auto const search = [&](index::AccessMethod method) {
    add_clause(seen, {key, index::ClauseKind::search, arm, selectivity, method, 0});
  };
  if (equality && get_attavgwidth(table, attno) >= kLongKey &&
      OidIsValid(GetDefaultOpClass(exprType(column), HASH_AM_OID)))
    search(index::AccessMethod::hash);
  if (seen.rel->pages >= kLargeTable && std::fabs(correlation_of(table, attno)) >= kOrdered &&
      OidIsValid(GetDefaultOpClass(exprType(column), BRIN_AM_OID)))
    search(index::AccessMethod::brin);
}

/// `column op other`, the column on either side.
void observe_comparison(const Observed& seen, Oid opno, Node* column, Node* other, int arm,
                        double selectivity) {
  if (!OidIsValid(opno) || mentions(seen, other)) return;
  int const strategy = strategy_of(opno, column);
  if (strategy == 0) {
    observe_access(seen, opno, column, other, arm, selectivity, false);
    return;
  }
  int32_t const key = key_of(seen, column);
  if (key == 0) return;
  bool const joins = !bms_is_empty(pull_varnos(seen.root, other));
  bool const equality = strategy == BTEqualStrategyNumber;
  auto const kind = !equality ? index::ClauseKind::range
                    : joins   ? index::ClauseKind::join
                              : index::ClauseKind::equal;
  add_clause(seen, {key, kind, arm, selectivity});
  if (!joins) observe_alternatives(seen, opno, key, column, equality, arm, selectivity);
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
      if (int32_t const key = plain(seen, static_cast<Node*>(linitial(expression->args))); key != 0)
        add_clause(seen, {key, index::ClauseKind::equal, arm, selectivity});
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
      if (!op->useOr || strategy_of(op->opno, left) != BTEqualStrategyNumber) break;
      if (int32_t const key = key_of(seen, left); key != 0)
        add_clause(seen, {key, index::ClauseKind::list, arm, selectivity});
      break;
    }
    case T_RowCompareExpr: {
      auto const* rows = castNode(RowCompareExpr, clause);
      int32_t const key = key_of(seen, static_cast<Node*>(linitial(rows->largs)));
      if (key != 0) add_clause(seen, {key, index::ClauseKind::range, arm, selectivity});
      break;
    }
    case T_NullTest: {
      auto const* test = castNode(NullTest, clause);
      int32_t const key = key_of(seen, reinterpret_cast<Node*>(test->arg));
      if (key != 0 && test->nulltesttype == IS_NULL)
        add_clause(seen, {key, index::ClauseKind::equal, arm, selectivity});
      break;
    }
    case T_BooleanTest: {
      auto const* test = castNode(BooleanTest, clause);
      int32_t const key = plain(seen, reinterpret_cast<Node*>(test->arg));
      if (key != 0 && (test->booltesttype == IS_TRUE || test->booltesttype == IS_FALSE))
        add_clause(seen, {key, index::ClauseKind::equal, arm, selectivity});
      break;
    }
    case T_Var:
      if (int32_t const key = key_of(seen, clause); key != 0 && exprType(clause) == BOOLOID)
        add_clause(seen, {key, index::ClauseKind::equal, arm, selectivity});
      break;
    case T_BoolExpr:
      observe_boolean(seen, castNode(BoolExpr, clause), arm, selectivity);
      break;
    default:
      break;
  }
}

/// Number of distinct values of a column or expression that there are statistics of; 0 when unknown.
double distinct_values(const Observed& seen, Node* node) {
  if (exprType(node) == BOOLOID || get_typtype(exprType(node)) == TYPTYPE_ENUM) return 2;
  VariableStatData variable;
  bool is_default = false;
  examine_variable(seen.root, node, 0, &variable);
  double const distinct = get_variable_numdistinct(&variable, &is_default);
  ReleaseVariableStats(variable);
  return is_default ? 0 : distinct;
}

/// A test of one column against constants.
struct Test {
  bool found;
  int32_t column;  ///< that it fixes to one value; 0 when it leaves several
  bool common;     ///< worth a partial index even if most rows pass
};

/// `column = constant` and the like, on a column of few values: of many values each constant is an argument.
Test comparison_test(const Observed& seen, Oid opno, Node* column, Node* constant, bool list) {
  constexpr double kFewValues = 100;
  if (!IsA(pg::without_relabel(constant), Const) ||
      castNode(Const, pg::without_relabel(constant))->constisnull)
    return {};
  int32_t const key = key_of(seen, column);
  if (key == 0) return {};
  double const distinct = distinct_values(seen, pg::without_relabel(column));
  if (distinct <= 0 || distinct > kFewValues) return {};
  int const strategy = strategy_of(opno, column);
  if (strategy == BTEqualStrategyNumber) return {true, list ? 0 : key, false};
  Oid const negator = get_negator(opno);
  bool const differs = OidIsValid(negator) && strategy_of(negator, column) == BTEqualStrategyNumber;
  return {differs && !list, 0, false};
}

Test test_of(const Observed& seen, Node* clause) {
  switch (nodeTag(clause)) {
    case T_NullTest: {
      auto const* test = castNode(NullTest, clause);
      int32_t const key = key_of(seen, reinterpret_cast<Node*>(test->arg));
      return {key > 0, test->nulltesttype == IS_NULL ? key : 0, true};
    }
    case T_Var:
      return {key_of(seen, clause) > 0, key_of(seen, clause), true};
    case T_BoolExpr: {
      auto const* expression = castNode(BoolExpr, clause);
      if (expression->boolop != NOT_EXPR) return {};
      auto* const inner = static_cast<Node*>(linitial(expression->args));
      int32_t const key = IsA(inner, Var) ? key_of(seen, inner) : 0;
      return {key > 0, key, true};
    }
    case T_BooleanTest: {
      int32_t const key = key_of(seen, reinterpret_cast<Node*>(castNode(BooleanTest, clause)->arg));
      return {key > 0, 0, true};
    }
    case T_OpExpr: {
      auto const* op = castNode(OpExpr, clause);
      if (list_length(op->args) != 2) return {};
      auto* const left = static_cast<Node*>(linitial(op->args));
      auto* const right = static_cast<Node*>(lsecond(op->args));
      Test const test = comparison_test(seen, op->opno, left, right, false);
      return test.found ? test : comparison_test(seen, op->opno, right, left, false);
    }
    case T_ScalarArrayOpExpr: {
      auto const* op = castNode(ScalarArrayOpExpr, clause);
      if (!op->useOr) return {};
      return comparison_test(seen, op->opno, static_cast<Node*>(linitial(op->args)),
                             static_cast<Node*>(lsecond(op->args)), true);
    }
    default:
      return {};
  }
}

void add_condition(const Observed& seen, List* clauses, const int32_t* columns, int column_count) {
  RawUse& use = *seen.use;
  if (use.condition_count >= kMostConditions) return;
  RawCondition& condition = use.conditions[use.condition_count++];
  condition.predicate =
      number_of_predicate(*seen.words, use.relation, clauses, static_cast<int>(seen.rel->relid));
  for (int i = 0; i < column_count && i < kMostConditions; ++i)
    condition.columns[condition.column_count++] = columns[i];
}

}  // namespace

int32_t key_of(const Observed& seen, Node* node) {
  Node* const bare = pg::without_relabel(node);
  if (bare == nullptr || IsA(bare, Const) || IsA(bare, Param)) return 0;
  if (IsA(bare, Var)) {
    auto const* var = castNode(Var, bare);
    bool const own =
        var->varno == static_cast<int>(seen.rel->relid) && var->varlevelsup == 0 && var->varattno > 0;
    return own ? var->varattno : 0;
  }
  if (!is_indexable(bare, static_cast<int>(seen.rel->relid), seen.use->relation) || !mentions(seen, bare))
    return 0;
  return number_of_expression(*seen.words, seen.use->relation, bare, static_cast<int>(seen.rel->relid));
}

void add_clause(const Observed& seen, const index::Clause& clause) {
  RawUse& use = *seen.use;
  for (int i = 0; i < use.clause_count; ++i) {
    auto const& other = use.clauses[i];
    if (other.attno == clause.attno && other.kind == clause.kind && other.arm == clause.arm &&
        other.method == clause.method && other.opclass == clause.opclass)
      return;
  }
  if (use.clause_count < kMostClauses) use.clauses[use.clause_count++] = clause;
}

bool observe_access(const Observed& seen, Oid op, Node* value, Node* other, int arm, double selectivity,
                    bool ordering) {
  if (mentions(seen, other)) return false;
  IndexAccess found[kMostAccesses];
  int const count = find_accesses(op, exprType(pg::without_relabel(value)), ordering, found, kMostAccesses);
  int32_t const key = count > 0 || op == OID_TEXT_LIKE_OP ? key_of(seen, value) : 0;
  if (key == 0) return false;
  for (int i = 0; i < count; ++i)
    add_clause(seen, {key, index::ClauseKind::search, arm, selectivity, found[i].method,
                      found[i].is_default ? InvalidOid : found[i].opclass});
  observe_prefix(seen, op, key, value, pg::without_relabel(other), arm, selectivity);
  return true;
}

void observe_clauses(const Observed& seen) {
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

void observe_conditions(const Observed& seen) {
  constexpr double kMostOfCommon = 0.98;
  constexpr double kMostOfOthers = 0.5;
  struct Found {
    List* clause;
    int32_t column;
  } singles[kMostConditions];
  int count = 0;
  List* together = NIL;
  int32_t columns[kMostConditions];
  int column_count = 0;
  ListCell* cell = nullptr;
  foreach (cell, seen.rel->baserestrictinfo) {
    auto* info = lfirst_node(RestrictInfo, cell);
    auto* const clause = reinterpret_cast<Node*>(info->clause);
    if (count == kMostConditions ||
        !is_indexable(clause, static_cast<int>(seen.rel->relid), seen.use->relation))
      continue;
    Test const test = test_of(seen, clause);
    if (!test.found) continue;
    double const share = clause_selectivity(seen.root, reinterpret_cast<Node*>(info),
                                            static_cast<int>(seen.rel->relid), JOIN_INNER, nullptr);
    if (share > (test.common ? kMostOfCommon : kMostOfOthers)) continue;
    singles[count++] = {list_make1(clause), test.column};
    together = lappend(together, clause);
    if (test.column != 0) columns[column_count++] = test.column;
  }
  if (count > 1) add_condition(seen, together, columns, column_count);
  for (int i = 0; i < count; ++i)
    add_condition(seen, singles[i].clause, &singles[i].column, singles[i].column != 0 ? 1 : 0);
}

}  // namespace deal::server
