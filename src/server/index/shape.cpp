#include "server/index/shape.hpp"

#include "server/bridge/walk.hpp"

extern "C" {
#include "nodes/makefuncs.h"
}

namespace deal::server {

namespace {

bool is_constant(const void* node) {
  return IsA(node, Const);
}

/// The list of constants as if it had one element: `id in (1, 2, 3)` is `id in (1)`.
List* one_of(List* elements) {
  ListCell* cell = nullptr;
  foreach (cell, elements)
    if (!is_constant(lfirst(cell))) return elements;
  return list_length(elements) > 1 ? list_make1(linitial(elements)) : elements;
}

Node* without_constants(Node* node, void* state) {
  if (node == nullptr) return nullptr;
  if (IsA(node, Const)) {
    auto const* constant = castNode(Const, node);
    return reinterpret_cast<Node*>(makeNullConst(constant->consttype, -1, constant->constcollid));
  }
  if (IsA(node, Query)) return reinterpret_cast<Node*>(shape_of(castNode(Query, node)));
  if (IsA(node, ArrayExpr)) {
    auto* array = static_cast<ArrayExpr*>(copyObjectImpl(node));
    array->elements = one_of(array->elements);
    return expression_tree_mutator(reinterpret_cast<Node*>(array), pg::mutator(without_constants), state);
  }
  return expression_tree_mutator(node, pg::mutator(without_constants), state);
}

}  // namespace

Query* shape_of(Query* query) {
  Query* const shape = query_tree_mutator(query, pg::mutator(without_constants), nullptr, 0);
  shape->stmt_location = -1;
  shape->stmt_len = 0;
  return shape;
}

}  // namespace deal::server
