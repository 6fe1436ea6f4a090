#pragma once

#include <vector>

#include "core/index/plan_cache.hpp"
#include "core/index/search.hpp"

namespace deal::index {

/// Plans every query with its existing candidates, with all its candidates, with those of each table alone,
/// and several times without those used before: what no plan uses is left out of the search. Where all that
/// is used takes more than the budget, again without what is no smaller than those used before: the planner
/// doesn't look at sizes. Returns the new candidates worth a look, ascending: those used and those that these
/// cover.
std::vector<int> eliminate(const Problem& problem, PlanCache& cache);

}  // namespace deal::index
