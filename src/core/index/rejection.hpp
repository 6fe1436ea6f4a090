/// Candidates that nearly made it, and why they did not.
#pragma once

#include <vector>

#include "core/index/plan_cache.hpp"
#include "core/index/search_state.hpp"

namespace deal::index {

/// The best candidates that the selection leaves out, by what each saves as the only new index; at most
/// Problem::most_rejected, of which few that the planner never uses and few with the same cause and the same
/// other index. Asks the planner at most twice for each row: in the query that gains most, alone and on top
/// of the selection. Deterministic.
std::vector<Rejection> near_winners(const Problem& problem, PlanCache& cache, SearchState& state);

}  // namespace deal::index
