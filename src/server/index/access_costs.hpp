/// What the planner charges for each way in which each candidate could be read.
#pragma once

#include <map>
#include "core/index/dominance.hpp"

#include "server/bridge/memory.hpp"
#include "server/index/what_if.hpp"

namespace deal::server {

/// Watches one planner call and prices each index of each base relation alone, as if there were no other: the
/// paths that the planner would make of it, whether it kept them or not. Costs no planner call of its own.
class AccessObserver {
 public:
  AccessObserver();

  /// For server::plan.
  static void observe(void* state, PlannerInfo* root, RelOptInfo* rel, VisitedTable table);
  void* state() { return &raw_; }

  /// What was seen, after the call. `candidates` maps index numbers to the caller's; whatever the observer
  /// could not price compares with nothing else.
  std::vector<index::AccessCost> costs(const std::map<Oid, int>& candidates,
                                       std::span<const int> available) const;

 private:
  /// Plain data, for the planner may jump.
  struct Raw {
    MemoryContext context;  ///< outlives the planner call
    List* accesses;
    List* seen;     ///< indexes, by number
    int relations;  ///< visited so far
  };

  pg::Memory memory_;
  Raw raw_;
};

}  // namespace deal::server
