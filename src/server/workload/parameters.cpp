#include "server/workload/parameters.hpp"

#include <algorithm>
#include <array>
#include <climits>

extern "C" {
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

/// Integers of a server list as a vector, each once, in order.
std::vector<int> numbers_of(const List* list) {
  std::vector<int> numbers;
  ListCell* cell = nullptr;
  foreach (cell, list)
    if (std::find(numbers.begin(), numbers.end(), lfirst_int(cell)) == numbers.end())
      numbers.push_back(lfirst_int(cell));
  return numbers;
}

/// Runs a collecting walk over the statement; `state` is a List* of what was found.
List* collect(const ParsedStatement& parsed, bool (*walker)(Node*, void*)) {
  return pg::call([&] {
    List* found = NIL;
    (void)walker(parsed.statement->stmt, &found);
    return found;
  });
}

// --- parameters without a cast ------------------------------------------------------------------

bool collect_open(Node* node, void* state) {
  if (node == nullptr) return false;
  auto& found = *static_cast<List**>(state);
  if (IsA(node, TypeCast) && IsA(reinterpret_cast<TypeCast*>(node)->arg, ParamRef)) return false;
  if (IsA(node, ParamRef)) found = lappend_int(found, reinterpret_cast<ParamRef*>(node)->number);
  return walk_raw(node, collect_open, state);
}

// --- parameters that decide the type of an expression -------------------------------------------

bool is_comparison(const List* name) {
  static constexpr std::array<std::string_view, 22> kOperators{
      "=",  "<>",  "!=",  "<",    ">",  "<=", ">=", "~",  "~*", "!~", "!~*",
      "~~", "!~~", "~~*", "!~~*", "@>", "<@", "?",  "?|", "?&", "@@", "&&"};
  const char* const text = strVal(llast(name));
  return std::find(kOperators.begin(), kOperators.end(), text) != kOperators.end();
}

/// True when the node's own type does not depend on what is below it.
bool hides_types(Node* node) {
  switch (nodeTag(node)) {
    case T_TypeCast:
    case T_BoolExpr:
    case T_NullTest:
    case T_BooleanTest:
      return true;
    case T_SubLink:
      return reinterpret_cast<SubLink*>(node)->subLinkType == EXISTS_SUBLINK;
    case T_A_Expr: {
      auto const* const expression = reinterpret_cast<A_Expr*>(node);
      if (expression->kind == AEXPR_NULLIF) return false;
      return expression->kind != AEXPR_OP || is_comparison(expression->name);
    }
    default:
      return false;
  }
}

bool collect_deciding(Node* node, void* state);

/// The output columns of a query: what its type is made of.
void collect_outputs(SelectStmt* select, void* state) {
  if (select->larg != nullptr) {
    collect_outputs(select->larg, state);
    collect_outputs(select->rarg, state);
    return;
  }
  (void)collect_deciding(reinterpret_cast<Node*>(select->targetList), state);
  (void)collect_deciding(reinterpret_cast<Node*>(select->valuesLists), state);
}

bool collect_below(Node* node, void* state) {
  if (IsA(node, SelectStmt)) {
    collect_outputs(reinterpret_cast<SelectStmt*>(node), state);
    return false;
  }
  if (IsA(node, CaseExpr)) {
    auto* const choice = reinterpret_cast<CaseExpr*>(node);
    ListCell* cell = nullptr;
    foreach (cell, choice->args)
      (void)collect_deciding(reinterpret_cast<Node*>(lfirst_node(CaseWhen, cell)->result), state);
    return collect_deciding(reinterpret_cast<Node*>(choice->defresult), state);
  }
  return walk_raw(node, collect_deciding, state);
}

bool collect_deciding(Node* node, void* state) {
  if (node == nullptr) return false;
  if (IsA(node, ParamRef)) {
    auto& found = *static_cast<List**>(state);
    found = lappend_int(found, reinterpret_cast<ParamRef*>(node)->number);
    return false;
  }
  return hides_types(node) ? false : collect_below(node, state);
}

int location_of(Node* node) {
  switch (nodeTag(node)) {
    case T_A_Expr:
      return reinterpret_cast<A_Expr*>(node)->location;
    case T_FuncCall:
      return reinterpret_cast<FuncCall*>(node)->location;
    case T_SubLink:
      return reinterpret_cast<SubLink*>(node)->location;
    default:
      return -1;
  }
}

/// State of the walk to the expressions at one place of the text: an operator, function or subquery there,
/// else whatever starts there.
struct Place {
  int offset;
  bool exact;
  List* nodes;
};

bool collect_at(Node* node, void* state) {
  if (node == nullptr) return false;
  auto& place = *static_cast<Place*>(state);
  if (nodeTag(node) != T_List && (place.exact ? location_of(node) : exprLocation(node)) == place.offset)
    place.nodes = lappend(place.nodes, node);
  return walk_raw(node, collect_at, state);
}

/// The expressions at byte `offset`. To be called inside pg::call.
List* nodes_at(const ParsedStatement& parsed, size_t offset) {
  Place place{static_cast<int>(offset), true, NIL};
  (void)collect_at(parsed.statement->stmt, &place);
  place.exact = false;
  if (place.nodes == NIL) (void)collect_at(parsed.statement->stmt, &place);
  return place.nodes;
}

bool widen_range(Node* node, void* state) {
  if (node == nullptr) return false;
  auto& range = *static_cast<OffsetRange*>(state);
  for (int const at : {location_of(node), exprLocation(node)}) {
    if (at < 0) continue;
    range.first = std::min(range.first, at);
    range.last = std::max(range.last, at);
  }
  return walk_raw(node, widen_range, state);
}

bool count_parameter(Node* node, void* state) {
  if (node == nullptr) return false;
  if (IsA(node, ParamRef)) ++*static_cast<int*>(state);
  return walk_raw(node, count_parameter, state);
}

// --- parameters behind the columns of a function in FROM ----------------------------------------

bool collect_columns(Node* node, void* state) {
  if (node == nullptr) return false;
  auto& found = *static_cast<List**>(state);
  if (IsA(node, ColumnRef)) found = lappend(found, llast(reinterpret_cast<ColumnRef*>(node)->fields));
  return walk_raw(node, collect_columns, state);
}

/// State of the walk from column names (String nodes; all when null) to the arguments of the functions that
/// give these columns: unnest($1, $2) u (id, at), written out.
struct ColumnSources {
  const List* columns;
  List* parameters;
};

void append_source(const RangeFunction& range, int number, ColumnSources& sources) {
  auto* const call = static_cast<Node*>(linitial(list_nth_node(List, range.functions, number)));
  if (!IsA(call, FuncCall)) return;
  auto const* const function = reinterpret_cast<FuncCall*>(call);
  if (std::strcmp(strVal(llast(function->funcname)), "unnest") != 0 || list_length(function->args) != 1)
    return;
  auto* const argument = static_cast<Node*>(linitial(function->args));
  if (IsA(argument, ParamRef))
    sources.parameters = lappend_int(sources.parameters, reinterpret_cast<ParamRef*>(argument)->number);
}

bool collect_sources(Node* node, void* state) {
  if (node == nullptr) return false;
  auto& sources = *static_cast<ColumnSources*>(state);
  if (IsA(node, RangeFunction)) {
    auto const& range = *reinterpret_cast<RangeFunction*>(node);
    const List* const names = range.alias != nullptr ? range.alias->colnames : NIL;
    for (int i = 0; i < list_length(range.functions); ++i)
      if (sources.columns == NIL ||
          (i < list_length(names) && list_member(sources.columns, list_nth(names, i))))
        append_source(range, i, sources);
  }
  return walk_raw(node, collect_sources, state);
}

// --- tables -------------------------------------------------------------------------------------

bool collect_tables(Node* node, void* state) {
  if (node == nullptr) return false;
  auto& found = *static_cast<List**>(state);
  if (IsA(node, RangeVar)) {
    Oid const relation = RangeVarGetRelid(reinterpret_cast<RangeVar*>(node), NoLock, true);
    if (relation != InvalidOid) found = list_append_unique_oid(found, relation);
  }
  return walk_raw(node, collect_tables, state);
}

int column_count(Oid relation) {
  HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return 0;
  int const count = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relnatts;
  ReleaseSysCache(tuple);
  return count;
}

List* types_of_columns(const List* relations) {
  List* types = NIL;
  ListCell* cell = nullptr;
  foreach (cell, relations) {
    int const columns = column_count(lfirst_oid(cell));
    for (AttrNumber column = 1; column <= columns; ++column) {
      Oid const type = get_atttype(lfirst_oid(cell), column);
      if (type != InvalidOid) types = list_append_unique_oid(types, type);
    }
  }
  return types;
}

}  // namespace

bool conflict_target_has_parameter(const ParsedStatement& parsed) {
  if (!IsA(parsed.statement->stmt, InsertStmt)) return false;
  auto const* const conflict = reinterpret_cast<InsertStmt*>(parsed.statement->stmt)->onConflictClause;
  if (conflict == nullptr || conflict->infer == nullptr) return false;
  return pg::call([&] {
    int count = 0;
    (void)count_parameter(reinterpret_cast<Node*>(conflict->infer), &count);
    return count > 0;
  });
}

std::vector<int> parameters_at(const ParsedStatement& parsed, size_t offset) {
  return numbers_of(pg::call([&] {
    List* found = NIL;
    ListCell* cell = nullptr;
    List* columns = NIL;
    foreach (cell, nodes_at(parsed, offset)) {
      auto* const node = static_cast<Node*>(lfirst(cell));
      (void)(IsA(node, ParamRef) ? collect_deciding(node, &found) : collect_below(node, &found));
      (void)collect_columns(node, &columns);
    }
    if (columns == NIL) return found;
    ColumnSources sources{columns, NIL};
    (void)collect_sources(parsed.statement->stmt, &sources);
    return list_concat(found, sources.parameters);
  }));
}

OffsetRange range_inside(const ParsedStatement& parsed, size_t offset) {
  return pg::call([&] {
    OffsetRange range{INT_MAX, -1};
    ListCell* cell = nullptr;
    foreach (cell, nodes_at(parsed, offset))
      (void)widen_range(static_cast<Node*>(lfirst(cell)), &range);
    return range;
  });
}

std::vector<int> unnested_parameters(const ParsedStatement& parsed) {
  return numbers_of(pg::call([&] {
    ColumnSources sources{NIL, NIL};
    (void)collect_sources(parsed.statement->stmt, &sources);
    return sources.parameters;
  }));
}

std::vector<int> open_parameters(const ParsedStatement& parsed) {
  return numbers_of(collect(parsed, collect_open));
}

std::vector<Oid> column_types(const ParsedStatement& parsed) {
  const List* const relations = collect(parsed, collect_tables);
  const List* const types = pg::call([&] { return types_of_columns(relations); });
  std::vector<Oid> result;
  ListCell* cell = nullptr;
  foreach (cell, types)
    result.push_back(lfirst_oid(cell));
  return result;
}

}  // namespace deal::server
