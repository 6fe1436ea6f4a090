#pragma once

#include <cstdint>
#include <vector>

#include "core/index/search.hpp"

namespace deal::index {

/// Which of a query's candidates can stand in for which others, whatever else there is.
struct Dominance {
  /// Per member: those that it serves the query as well as, as bits; itself included.
  std::vector<std::uint64_t> no_better;
  /// Those that the query can't use at all.
  std::uint64_t useless = 0;
};

/// Compares the members (at most 64) by what reading each would cost: one stands in for another if for each
/// way of reading that one it has a way that needs no more, gives that order too, and costs as little, but
/// for the hundredth that the planner takes for equal.
Dominance compare(const std::vector<int>& members, const std::vector<AccessCost>& accesses);

}  // namespace deal::index
