/// The part of a plan's cost that stands for heap pages which a search by block ranges won't read
/// (core/index/heap_overcharge.hpp).
#pragma once

#include "server/bridge/call.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

struct PlannedStmt;
struct RelOptInfo;

namespace deal::server {

/// Adds the relation's BRIN indexes to the list, with what the planner knows of the relation. The list and
/// its members live in the current memory context. For the planner's hooks.
List* append_range_indexes(List* found, const RelOptInfo* rel);

/// How much of the plan's total cost its searches of these indexes are overcharged, in the planner's unit.
/// Only what the plan is sure to do once and to the end counts: not what a LIMIT may cut short, nothing
/// inside a nested loop or a subplan. Runs inside pg::call.
double heap_overcharge_of(const PlannedStmt* planned, const List* range_indexes);

}  // namespace deal::server
