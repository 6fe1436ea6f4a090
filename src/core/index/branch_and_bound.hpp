#pragma once

#include <vector>

#include "core/index/search_state.hpp"

namespace deal::index {

/// Looks through all sets of the kept candidates if they are few, and takes the best one into `state`: sets
/// that can't be better by the bounds known are passed over, the rest is asked about. Gives up after
/// `most_calls` planner calls; then the best so far counts. Returns whether it found a better set.
bool search_all_sets(const Problem& problem, PlanCache& cache, const Refunds& refunds,
                     const std::vector<int>& kept, int most_calls, SearchState& state);

}  // namespace deal::index
