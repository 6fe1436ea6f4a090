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

}  // namespace deal::server
