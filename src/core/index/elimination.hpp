#pragma once

#include <vector>

#include "core/index/plan_cache.hpp"
#include "core/index/search.hpp"

namespace deal::index {

/// Plans every query with its existing candidates, with all its candidates, with those of each table alone,
/// and once more without those used at first: the first bounds of everything. Returns the new candidates
/// worth a look, ascending: without those that by the planner's access costs no query can use, and those for
/// which a smaller one does as well in every query.
std::vector<int> eliminate(const Problem& problem, PlanCache& cache);

}  // namespace deal::index
