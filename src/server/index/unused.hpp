/// Dropping what nobody scans, if the workload doesn't miss it either.
#pragma once

#include <functional>

#include "server/index/problem.hpp"

namespace deal::server {

/// An unused index that may go.
struct UnusedDrop {
  const RedundantIndex* index;
  double loss;  ///< what the workload costs more without it, besides those before it in the list
};

/// Tries each of the space's unused indexes that the solution does not replace: the statements on its table
/// are planned without it, under the advised indexes and without the others found so far. Those that cost the
/// workload less than one part in a thousand may go, the largest first. Asks the planner once for each
/// statement on these tables, and again only for those that turn out dearer. Adds to `calls`.
std::vector<UnusedDrop> droppable_unused(const AnalysedWorkload& workload, const SearchSpace& space,
                                         const index::Solution& solution,
                                         const std::function<bool()>& out_of_time, int& calls);

}  // namespace deal::server
