#include "server/workload/variables.hpp"

#include <algorithm>

extern "C" {
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "parser/parse_relation.h"
}

namespace deal::server {

namespace {

bool is_plain(const ColumnRef& reference) {
  ListCell* cell = nullptr;
  foreach (cell, reference.fields)
    if (!IsA(lfirst(cell), String)) return false;  // who.*
  return reference.location >= 0;
}

/// True when the table that the name is qualified with is in scope: then it is a column that the table lacks.
bool is_of_table(ParseState* state, const ColumnRef& reference) {
  int const words = list_length(reference.fields);
  if (words < 2) return false;
  const char* const schema = words > 2 ? strVal(list_nth(reference.fields, words - 3)) : nullptr;
  const char* const table = strVal(list_nth(reference.fields, words - 2));
  int levels = 0;  // asked for, else only the innermost query is looked at
  return refnameNamespaceItem(state, schema, table, reference.location, &levels) != nullptr;
}

}  // namespace

Node* UnknownNames::read_column(ParseState* state, ColumnRef* reference, Node* column) {
  if (column != nullptr || !is_plain(*reference) || is_of_table(state, *reference)) return nullptr;
  auto& names = *static_cast<UnknownNames*>(state->p_ref_hook_state);
  names.places_ = lappend_int(names.places_, reference->location);
  names.places_ = lappend_int(names.places_, list_length(reference->fields));
  return reinterpret_cast<Node*>(makeConst(UNKNOWNOID, -1, InvalidOid, -2, Datum{0}, true, false));
}

Node* UnknownNames::read_parameter(ParseState* state, ParamRef* reference) {
  auto const* const names = static_cast<UnknownNames*>(state->p_ref_hook_state);
  state->p_ref_hook_state = names->inner_;
  Node* const parameter = names->inner_parameter_(state, reference);
  state->p_ref_hook_state = const_cast<UnknownNames*>(names);
  return parameter;
}

Node* UnknownNames::coerce_parameter(ParseState* state, Param* parameter, Oid type, int32 modifier,
                                     int location) {
  auto const* const names = static_cast<UnknownNames*>(state->p_ref_hook_state);
  state->p_ref_hook_state = names->inner_;
  Node* const coerced = names->inner_coerce_(state, parameter, type, modifier, location);
  state->p_ref_hook_state = const_cast<UnknownNames*>(names);
  return coerced;
}

void UnknownNames::watch(ParseState* state) {
  inner_ = state->p_ref_hook_state;
  inner_parameter_ = state->p_paramref_hook;
  inner_coerce_ = state->p_coerce_param_hook;
  state->p_ref_hook_state = this;
  state->p_post_columnref_hook = read_column;
  state->p_paramref_hook = read_parameter;
  state->p_coerce_param_hook = coerce_parameter;
}

void UnknownNames::release(ParseState* state) const {
  state->p_ref_hook_state = inner_;
  state->p_post_columnref_hook = nullptr;
  state->p_paramref_hook = inner_parameter_;
  state->p_coerce_param_hook = inner_coerce_;
}

std::vector<query::Name> UnknownNames::found() const {
  std::vector<query::Name> names;
  for (int i = 0; i < list_length(places_); i += 2) {
    auto const offset = static_cast<size_t>(list_nth_int(places_, i));
    auto const same = [&](const query::Name& name) { return name.offset == offset; };
    if (std::none_of(names.begin(), names.end(), same))
      names.push_back({offset, list_nth_int(places_, i + 1)});
  }
  return names;
}

}  // namespace deal::server
