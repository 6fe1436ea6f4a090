#pragma once

#include <vector>

#include "core/index/search_state.hpp"

namespace deal::index {

/// Ways to add to a selection within the budget: each kept candidate, alone or in the place of the chosen
/// ones that it covers, and with `groups` the sets of candidates that known plans use together.
std::vector<Move> additions(const Problem& problem, const PlanCache& cache, const SearchState& state,
                            const std::vector<int>& kept, bool groups);

/// Ways to put a kept candidate in the place of the chosen ones that it covers, `chosen` among them.
std::vector<Move> widenings(const Problem& problem, const SearchState& state, const std::vector<int>& kept,
                            int chosen);

/// Ways to change a selection within the budget: the additions, those that don't fit with room made by what
/// is missed least for its size, leaving one out, one for another (wider, narrower or unrelated), one in the
/// place of two of its table.
std::vector<Move> exchanges(const Problem& problem, const PlanCache& cache, SearchState& state,
                            const std::vector<int>& kept);

}  // namespace deal::index
