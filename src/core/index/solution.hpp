#pragma once

#include "core/index/plan_cache.hpp"
#include "core/index/search.hpp"
#include "core/index/search_state.hpp"

namespace deal::index {

/// False if all new candidates together fit, so that bytes are no reason to leave one out. Under a net budget
/// what gives bytes back is better all the same.
bool budget_can_bind(const Problem& problem);

/// Turns a selection into advice: finds the existing indexes that it makes superfluous, asks what would be
/// lost without each chosen index, and puts them in order: the best per byte first (without a budget: the
/// best), given those before.
Solution describe(const Problem& problem, PlanCache& cache, const Refunds& refunds, SearchState& state);

}  // namespace deal::index
