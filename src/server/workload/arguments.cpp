#include "server/workload/arguments.hpp"

#include <algorithm>

#include "server/bridge/call.hpp"
#include "server/bridge/walk.hpp"
#include "server/index/imported.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "tsearch/ts_type.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

constexpr Oid kJsonbContains = 3246;
constexpr Oid kTextSearchMatch = 3636;
constexpr size_t kLongestPart = 12;  ///< bytes of a pattern between its wildcards

struct Search {
  ParamListInfo arguments;
  Query* query;  ///< the level being walked
  int found;
};

bool may_see(Oid table, AttrNumber attno) {
  if (check_enable_rls(table, InvalidOid, true) == RLS_ENABLED) return false;
  return pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
         pg_attribute_aclcheck(table, attno, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

/// The least frequent of the common elements: people search for words that tell rows apart.
int rarest(const AttStatsSlot& slot) {
  int const counted = std::min(slot.nvalues, slot.nnumbers);
  return counted > 0 ? static_cast<int>(std::min_element(slot.numbers, slot.numbers + counted) - slot.numbers)
                     : 0;
}

/// The middle value of one kind of statistics; of elements the rarest.
bool middle_of(HeapTuple statistics, int kind, Datum* value, Oid* type) {
  int const flags =
      kind == STATISTIC_KIND_MCELEM ? ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS : ATTSTATSSLOT_VALUES;
  AttStatsSlot slot;
  if (!get_attstatsslot(&slot, statistics, kind, InvalidOid, flags)) return false;
  bool const any = slot.nvalues > 0;
  if (any) {
    int16 length = 0;
    bool by_value = false;
    get_typlenbyval(slot.valuetype, &length, &by_value);
    int const chosen = kind == STATISTIC_KIND_MCELEM ? rarest(slot) : slot.nvalues / 2;
    *value = datumCopy(slot.values[chosen], by_value, length);
    *type = slot.valuetype;
  }
  free_attstatsslot(&slot);
  return any;
}

/// A value of the column that is neither rare nor frequent; of a text search vector one of its words.
Const* typical_value(const Var* var, Query* query) {
  if (var->varlevelsup != 0 || var->varattno <= 0) return nullptr;
  auto const* entry = rt_fetch(var->varno, query->rtable);
  if (entry->rtekind != RTE_RELATION || !may_see(entry->relid, var->varattno)) return nullptr;
  HeapTuple const tuple =
      find_statistics(entry->relid, var->varattno, entry->relkind == RELKIND_PARTITIONED_TABLE);
  if (!HeapTupleIsValid(tuple)) return nullptr;
  Datum value = 0;
  Oid type = InvalidOid;
  bool const found = middle_of(tuple, STATISTIC_KIND_HISTOGRAM, &value, &type) ||
                     middle_of(tuple, STATISTIC_KIND_MCV, &value, &type) ||
                     (var->vartype == TSVECTOROID && middle_of(tuple, STATISTIC_KIND_MCELEM, &value, &type));
  release_statistics(tuple);
  if (!found) return nullptr;
  int16 length = 0;
  bool by_value = false;
  get_typlenbyval(type, &length, &by_value);
  return makeConst(type, -1, var->varcollid, length, value, false, by_value);
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
Const* typical_result(Node* expression, Query* query) {
  Node* const bare = pg::without_relabel(expression);
  if (bare == nullptr) return nullptr;
  if (IsA(bare, Var)) return typical_value(castNode(Var, bare), query);
  Substitution known{nullptr, nullptr, false};
  find_column(bare, &known);
  if (known.var == nullptr || known.several || contain_mutable_functions(bare)) return nullptr;
  known.value = typical_value(known.var, query);
  if (known.value == nullptr || known.value->consttype != known.var->vartype) return nullptr;
  Node* const folded = eval_const_expressions(nullptr, put_value(bare, &known));
  return folded != nullptr && IsA(folded, Const) && !castNode(Const, folded)->constisnull
             ? castNode(Const, folded)
             : nullptr;
}

bool is_special(char c) {
  return c == '%' || c == '_' || c == '\\';
}

/// The first half of the value.
Datum beginning_of(const text* value) {
  const char* const bytes = VARDATA_ANY(value);
  int const size = static_cast<int>(VARSIZE_ANY_EXHDR(value));
  int wanted = std::max(std::min(size, 3), std::min(size / 2, static_cast<int>(kLongestPart)));
  for (int i = 0; i < wanted; ++i)
    if (is_special(bytes[i])) wanted = i;
  wanted = pg_mbcliplen(bytes, size, wanted);
  return PointerGetDatum(cstring_to_text_with_len(bytes, wanted));
}

/// The longest word of the value.
Datum part_of(const text* value) {
  const char* const bytes = VARDATA_ANY(value);
  int const size = static_cast<int>(VARSIZE_ANY_EXHDR(value));
  int best = 0;
  int longest = 0;
  for (int start = 0, i = 0; i <= size; ++i) {
    if (i < size && bytes[i] != ' ' && !is_special(bytes[i])) continue;
    if (i - start > longest) {
      best = start;
      longest = i - start;
    }
    start = i + 1;
  }
  int const length = pg_mbcliplen(bytes + best, longest, std::min(longest, static_cast<int>(kLongestPart)));
  return PointerGetDatum(cstring_to_text_with_len(bytes + best, length));
}

/// An object of the value's first plain field; 0 when it has none.
Datum field_of(Jsonb* document) {
  if (!JB_ROOT_IS_OBJECT(document)) return 0;
  JsonbIterator* iterator = JsonbIteratorInit(&document->root);
  JsonbValue key;
  JsonbValue value;
  JsonbIteratorNext(&iterator, &key, false);  // the object begins
  while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY) {
    if (JsonbIteratorNext(&iterator, &value, true) != WJB_VALUE) return 0;
    if (value.type == jbvBinary || value.type == jbvNull) continue;
    JsonbParseState* state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    pushJsonbValue(&state, WJB_KEY, &key);
    pushJsonbValue(&state, WJB_VALUE, &value);
    return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
  }
  return 0;
}

/// An array of the value's middle element; 0 when it is empty.
Datum element_of(ArrayType* array) {
  int16 length = 0;
  bool by_value = false;
  char align = 0;
  get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &elements, &nulls, &count);
  if (count == 0 || nulls[count / 2]) return 0;
  return PointerGetDatum(
      construct_array(&elements[count / 2], 1, ARR_ELEMTYPE(array), length, by_value, align));
}

/// The longest word of a vector, or the word itself where statistics keep words.
Datum word_of(const Const* value) {
  const char* bytes = nullptr;
  int length = 0;
  if (value->consttype == TSVECTOROID) {
    TSVector const vector = DatumGetTSVector(value->constvalue);
    if (vector->size == 0) return 0;
    WordEntry const* const words = ARRPTR(vector);
    const WordEntry* const longest = std::max_element(
        words, words + vector->size, [](const WordEntry& a, const WordEntry& b) { return a.len < b.len; });
    bytes = STRPTR(vector) + longest->pos;
    length = longest->len;
  } else {
    auto const* word = DatumGetTextPP(value->constvalue);
    bytes = VARDATA_ANY(word);
    length = static_cast<int>(VARSIZE_ANY_EXHDR(word));
  }
  return PointerGetDatum(cstring_to_text_with_len(bytes, length));
}

/// The word as the whole argument: a pattern with its wildcards, a query for the word as it is.
Datum complete(Oid op, Datum word) {
  constexpr Oid kSimple = 3748;  // the text search configuration
  const char* const bytes = TextDatumGetCString(word);
  switch (op) {
    case OID_TEXT_LIKE_OP:
      return CStringGetTextDatum(psprintf("%s%%", bytes));
    case OID_TEXT_ICLIKE_OP:
      return CStringGetTextDatum(psprintf("%%%s%%", bytes));
    default:
      return DirectFunctionCall2(plainto_tsquery_byid, ObjectIdGetDatum(kSimple), word);
  }
}

/// A word of such a value that a statement would look for; 0 for operators that look for no words.
Datum word_for(Oid op, const Const* value) {
  switch (op) {
    case OID_TEXT_LIKE_OP:
      return beginning_of(DatumGetTextPP(value->constvalue));
    case OID_TEXT_ICLIKE_OP:
      return part_of(DatumGetTextPP(value->constvalue));
    case kTextSearchMatch:
      return word_of(value);
    default:
      return 0;
  }
}

/// What a statement would ask of such a value with this operator; 0 for operators that need no help.
Datum argument_for(Oid op, const Const* value) {
  Datum const word = word_for(op, value);
  if (word != 0) return complete(op, word);
  switch (op) {
    case kJsonbContains:
      return field_of(DatumGetJsonbP(value->constvalue));
    case OID_ARRAY_OVERLAP_OP:
    case OID_ARRAY_CONTAINS_OP:
      return element_of(DatumGetArrayTypeP(value->constvalue));
    default:
      return 0;
  }
}

bool needs_help(Oid op) {
  return op == OID_TEXT_LIKE_OP || op == OID_TEXT_ICLIKE_OP || op == kJsonbContains ||
         op == OID_ARRAY_OVERLAP_OP || op == OID_ARRAY_CONTAINS_OP || op == kTextSearchMatch;
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
  if (!needs_help(op)) return;
  const Param* param = nullptr;
  if (find_parameter(right, &param) || param == nullptr) return;
  bool const whole = IsA(pg::without_relabel(right), Param);
  if (!whole && param->paramtype != TEXTOID && param->paramtype != VARCHAROID) return;
  if (param->paramkind != PARAM_EXTERN || param->paramid < 1 || param->paramid > search.arguments->numParams)
    return;
  ParamExternData& argument = search.arguments->params[param->paramid - 1];
  if (argument.pflags != 0) return;
  const Const* const value = typical_result(left, search.query);
  Datum const likely = value == nullptr ? Datum{0} : whole ? argument_for(op, value) : word_for(op, value);
  if (likely == 0) return;
  argument = {likely, false, PARAM_FLAG_CONST, param->paramtype};
  ++search.found;
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
  }
  return expression_tree_walker(node, pg::walker(visit), state);
}

}  // namespace

ParamListInfo likely_arguments(Query* query, int parameters) {
  if (parameters <= 0) return nullptr;
  Search search{makeParamList(parameters), nullptr, 0};
  for (int i = 0; i < parameters; ++i)
    search.arguments->params[i] = {Datum{0}, true, 0, InvalidOid};
  visit(reinterpret_cast<Node*>(query), &search);
  return search.found > 0 ? search.arguments : nullptr;
}

}  // namespace deal::server
