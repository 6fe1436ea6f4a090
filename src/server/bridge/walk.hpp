/// Walking the server's trees, whose type changed: up to PostgreSQL 15 they are declared without
/// arguments.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "nodes/nodeFuncs.h"
}

namespace pg {

/// For expression_tree_walker and query_tree_walker.
inline auto walker(bool (*walk)(Node*, void*)) {
#if PG_VERSION_NUM >= 160000
  return walk;
#else
  return reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walk));
#endif
}

/// For expression_tree_mutator.
inline auto mutator(Node* (*mutate)(Node*, void*)) {
#if PG_VERSION_NUM >= 160000
  return mutate;
#else
  return reinterpret_cast<Node* (*)()>(reinterpret_cast<void (*)()>(mutate));
#endif
}

/// The expression under relabellings between types of the same bytes (varchar as text).
inline Node* without_relabel(Node* node) {
  while (node != nullptr && IsA(node, RelabelType))
    node = reinterpret_cast<Node*>(castNode(RelabelType, node)->arg);
  return node;
}

}  // namespace pg
