/// Prices of hypothetical GIN and BRIN indexes. The server reads some of their figures from the index itself
/// and makes them up where there is none; here they come from the size model.
#pragma once

#include "server/index/hypothetical.hpp"

struct IndexAmRoutine;
struct IndexOptInfo;
struct IndexPath;
struct PlannerInfo;

namespace deal::server {

/// As amcostestimate_function, which has no prototype before PostgreSQL 16.
using CostFunction = void (*)(PlannerInfo*, IndexPath*, double, double*, double*, double*, double*, double*);

/// An empty IndexOptInfo that remembers the figures that `method_cost` needs. Runs inside the planner.
IndexOptInfo* make_priced_info(const Hypothetical& index, const IndexExtent& extent);

/// The cost function for a hypothetical index made by `make_priced_info`: the access method's own, or ours
/// around it.
CostFunction method_cost(Oid method, const IndexAmRoutine& am);

/// True when the statistics just asked for (get_index_stats_hook) are those of a BRIN column's order in the
/// table: the server then passes a VariableStatData of which nothing is set. Each such request is told once.
bool is_brin_order_request();

/// Forgets requests that an error left open; at the start of every planner call.
void forget_brin_order_requests();

}  // namespace deal::server
