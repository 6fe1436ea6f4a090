/// From a solution of the search to rows that people read and statements that they run.
#pragma once

#include "server/index/trigram.hpp"
#include "server/index/unused.hpp"

namespace deal::server {

/// The advice's rows, best first: created and replacing indexes, dropped ones, and with details what was left
/// out and the skipped statements.
std::vector<AdviceRow> make_rows(const AdviceRequest& request, const AnalysedWorkload& workload,
                                 const SearchSpace& space, const index::Solution& solution,
                                 const std::vector<UnusedDrop>& unused,
                                 const std::vector<TrigramChance>& chances);

}  // namespace deal::server
