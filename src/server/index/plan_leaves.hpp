/// Where a plan reads its relations, and how often it pays for that.
#pragma once

#include "server/index/what_if.hpp"

extern "C" {
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
}

namespace deal::server {

/// Remembers a base relation while it is planned: PlannedLeaf::relation counts them in this order. A list in
/// the planner's memory.
List* append_visited(List* visited, PlannerInfo* root, const RelOptInfo* rel);

/// The leaves of a finished plan, as a list of PlannedLeaf in the planner's memory.
List* find_leaves(const PlannedStmt* planned, List* visited);

}  // namespace deal::server
