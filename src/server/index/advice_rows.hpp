/// From a solution of the search to rows that people read and statements that they run.
#pragma once

#include "server/index/problem.hpp"

namespace deal::server {

/// The advice's rows, best first: created and replacing indexes, and with details the skipped statements.
std::vector<AdviceRow> make_rows(const AdviceRequest& request, const AnalysedWorkload& workload,
                                 const SearchSpace& space, const index::Solution& solution);

}  // namespace deal::server
