/// The planner hooks behind what-if planning, and the state they read.
#pragma once

#include "server/index/what_if.hpp"

namespace deal::server {

/// What the hooks do during one planner call. Plain data: hooks run where the planner may jump.
struct Injection {
  MemoryContext planner_context;  ///< the one our planner call runs in: what tells it from nested ones
  const IndexSet& indexes;
  RelationObserver observer;
  void* observer_state;
  mutable List* informing = NIL;  ///< numbers of indexes whose statistics the planner took for an expression
  mutable List* range_indexes = NIL;  ///< BRIN indexes that the planner was shown (heap_overcharge.hpp)
  List* visited = nullptr;  ///< base relations in the order in which they were planned, see plan_leaves.hpp
};

/// The hypothetical index that a number in a plan stands for (its own or that of one of its leaves); null for
/// other numbers.
const Hypothetical* hypothetical_behind(std::span<Hypothetical* const> added, Oid oid);

/// Makes an injection active for a scope. Planner calls nested inside (functions that the planner runs to
/// fold constants plan their own statements) do not see it.
class InjectionScope {
 public:
  explicit InjectionScope(Injection& injection);
  ~InjectionScope();
  InjectionScope(const InjectionScope&) = delete;
  InjectionScope& operator=(const InjectionScope&) = delete;

 private:
  Injection* outer_;
};

}  // namespace deal::server
