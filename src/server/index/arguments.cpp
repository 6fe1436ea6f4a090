#include "server/index/arguments.hpp"

#include <algorithm>

#include "server/bridge/call.hpp"
#include "server/bridge/walk.hpp"
#include "server/index/argument_values.hpp"
#include "server/index/comparison_arguments.hpp"
#include "server/index/imported.hpp"
#include "server/index/stored_value.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

struct Search {
  ParamListInfo arguments;
  Query* query;  ///< the level being walked
  int variant;
  int found;
  List* bounds;
};

/// The least frequent of the common elements: people search for words that tell rows apart.
int rarest(const AttStatsSlot& slot) {
  int const counted = std::min(slot.nvalues, slot.nnumbers);
  return counted > 0 ? static_cast<int>(std::min_element(slot.numbers, slot.numbers + counted) - slot.numbers)
                     : 0;
}

/// The value at a position (0 to 1) of one kind of statistics; of elements the rarest.
bool value_at(HeapTuple statistics, int kind, double position, Datum* value, Oid* type) {
  int const flags =
      kind == STATISTIC_KIND_MCELEM ? ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS : ATTSTATSSLOT_VALUES;
  AttStatsSlot slot;
  if (!get_attstatsslot(&slot, statistics, kind, InvalidOid, flags)) return false;
  bool const any = slot.nvalues > 0;
  if (any) {
    int16 length = 0;
    bool by_value = false;
    get_typlenbyval(slot.valuetype, &length, &by_value);
    int const chosen =
        kind == STATISTIC_KIND_MCELEM ? rarest(slot) : static_cast<int>(slot.nvalues * position);
    *value = datumCopy(slot.values[chosen], by_value, length);
    *type = slot.valuetype;
  }
  free_attstatsslot(&slot);
  return any;
}

/// A value that the statistics keep.
Const* noted_value(const RangeTblEntry* entry, const Var* var, double position) {
  HeapTuple const tuple =
      find_statistics(entry->relid, var->varattno, entry->relkind == RELKIND_PARTITIONED_TABLE);
  if (!HeapTupleIsValid(tuple)) return nullptr;
  Datum value = 0;
  Oid type = InvalidOid;
  bool const found =
      value_at(tuple, STATISTIC_KIND_HISTOGRAM, position, &value, &type) ||
      value_at(tuple, STATISTIC_KIND_MCV, position, &value, &type) ||
      (var->vartype == TSVECTOROID && value_at(tuple, STATISTIC_KIND_MCELEM, position, &value, &type));
  release_statistics(tuple);
  if (!found) return nullptr;
  int16 length = 0;
  bool by_value = false;
  get_typlenbyval(type, &length, &by_value);
  return makeConst(type, -1, var->varcollid, length, value, false, by_value);
}

/// A value of the column: one that a row holds, else one that the statistics keep (of a text search vector, a
/// word).
Const* typical_value(const Var* var, const Search& search) {
  if (var->varlevelsup != 0 || var->varattno <= 0) return nullptr;
  auto const* entry = rt_fetch(var->varno, search.query->rtable);
  if (entry->rtekind != RTE_RELATION || !may_see(entry->relid, var->varattno)) return nullptr;
  double const position = (search.variant + 0.5) / kArgumentVariants;
  Const* const stored = stored_value(entry->relid, var->varattno, position);
  return stored != nullptr ? stored : noted_value(entry, var, position);
}

struct Substitution {
  const Var* var;  ///< the only column of the expression
  Const* value;
  bool several;
};

bool find_column(Node* node, void* state) {
  if (node == nullptr) return false;
  auto* const found = static_cast<Substitution*>(state);
  if (IsA(node, Var)) {
    if (found->var != nullptr && !equal(found->var, node)) found->several = true;
    found->var = castNode(Var, node);
    return false;
  }
  return expression_tree_walker(node, pg::walker(find_column), state);
}

Node* put_value(Node* node, void* state) {
  if (node == nullptr) return nullptr;
  auto const* known = static_cast<const Substitution*>(state);
  if (IsA(node, Var)) return static_cast<Node*>(copyObjectImpl(known->value));
  return expression_tree_mutator(node, pg::mutator(put_value), state);
}

/// What the expression over one column would be for a typical value of it.
Const* typical_result(Node* expression, const Search& search) {
  Node* const bare = pg::without_relabel(expression);
  if (bare == nullptr) return nullptr;
  if (IsA(bare, Var)) return typical_value(castNode(Var, bare), search);
  Substitution known{nullptr, nullptr, false};
  find_column(bare, &known);
  if (known.var == nullptr || known.several || contain_mutable_functions(bare)) return nullptr;
  known.value = typical_value(known.var, search);
  if (known.value == nullptr || known.value->consttype != known.var->vartype) return nullptr;
  Node* const folded = eval_const_expressions(nullptr, put_value(bare, &known));
  return folded != nullptr && IsA(folded, Const) && !castNode(Const, folded)->constisnull
             ? castNode(Const, folded)
             : nullptr;
}

/// Finds the only parameter of the tree; true when there are several.
bool find_parameter(Node* node, void* state) {
  if (node == nullptr) return false;
  auto* const found = static_cast<const Param**>(state);
  if (IsA(node, Param)) {
    bool const another = *found != nullptr;
    *found = castNode(Param, node);
    return another;
  }
  return expression_tree_walker(node, pg::walker(find_parameter), state);
}

void consider(Search& search, Oid op, Node* left, Node* right) {
  if (!wants_value(op)) return;
  const Param* param = nullptr;
  if (find_parameter(right, &param) || param == nullptr) return;
  bool const whole = IsA(pg::without_relabel(right), Param);
  if (!whole && param->paramtype != TEXTOID && param->paramtype != VARCHAROID) return;
  if (param->paramkind != PARAM_EXTERN || param->paramid < 1 || param->paramid > search.arguments->numParams)
    return;
  ParamExternData& argument = search.arguments->params[param->paramid - 1];
  if (argument.pflags != 0) return;
  const Const* const value = typical_result(left, search);
  if (value == nullptr) return;
  Datum const likely = whole ? argument_for(op, value, search.variant) : words_for(op, value, search.variant);
  if (likely == 0) return;
  argument = {likely, false, PARAM_FLAG_CONST, param->paramtype};
  ++search.found;
}

void note_bound(Search& search, const OpExpr* op) {
  Bound bound;
  if (search.query == nullptr || !read_bound(op, search.query, &bound)) return;
  auto* const kept = static_cast<Bound*>(palloc(sizeof(Bound)));
  *kept = bound;
  search.bounds = lappend(search.bounds, kept);
}

/// All open.
ParamListInfo no_arguments(int parameters) {
  ParamListInfo const arguments = makeParamList(parameters);
  for (int i = 0; i < parameters; ++i)
    arguments->params[i] = {Datum{0}, true, 0, InvalidOid};
  return arguments;
}

bool visit(Node* node, void* state) {
  if (node == nullptr) return false;
  auto* const search = static_cast<Search*>(state);
  if (IsA(node, Query)) {
    Query* const outer = search->query;
    search->query = castNode(Query, node);
    query_tree_walker(search->query, pg::walker(visit), state, 0);
    search->query = outer;
    return false;
  }
  if (IsA(node, OpExpr) && list_length(castNode(OpExpr, node)->args) == 2) {
    auto const* op = castNode(OpExpr, node);
    consider(*search, op->opno, static_cast<Node*>(linitial(op->args)),
             static_cast<Node*>(lsecond(op->args)));
    note_bound(*search, op);
  }
  return expression_tree_walker(node, pg::walker(visit), state);
}

}  // namespace

ParamListInfo likely_arguments(Query* query, int parameters, int variant) {
  if (parameters <= 0) return nullptr;
  Search search{no_arguments(parameters), nullptr, variant, 0, NIL};
  visit(reinterpret_cast<Node*>(query), &search);
  search.found += bind_ranges(search.bounds, search.arguments, variant);
  return search.found > 0 ? search.arguments : nullptr;
}

ParamListInfo skewed_arguments(Query* query, int parameters, int variant) {
  if (parameters <= 0) return nullptr;
  Search search{no_arguments(parameters), nullptr, variant, 0, NIL};
  visit(reinterpret_cast<Node*>(query), &search);
  return bind_equalities(search.bounds, search.arguments, variant) > 0 ? search.arguments : nullptr;
}

}  // namespace deal::server
