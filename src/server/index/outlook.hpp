/// How the advice fares with other arguments than those that it was chosen for.
#pragma once

#include <functional>
#include <map>

#include "server/index/problem.hpp"

namespace deal::server {

/// The statements that the advice serves and that compare a column of very unequal frequencies with a
/// parameter, by PlannableStatement::number: planned with its most frequent value, a usual and a rare one.
/// The generic plan, which the advice is chosen for, takes all values to be equally frequent. Adds planner
/// calls to `calls`; ends early when out of time.
std::map<int, Outlook> outlooks(const AnalysedWorkload& workload, const SearchSpace& space,
                                const index::Solution& solution, const std::function<bool()>& out_of_time,
                                int& calls);

}  // namespace deal::server
