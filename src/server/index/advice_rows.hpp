/// From a solution of the search to rows that people read and statements that they run.
#pragma once

#include "server/index/outlook.hpp"
#include "server/index/trigram.hpp"
#include "server/index/unused.hpp"

namespace deal::server {

/// What was looked into once the search had ended.
struct Afterthoughts {
  std::vector<UnusedDrop> unused;
  std::vector<TrigramChance> chances;
  std::map<int, Outlook> outlooks;  ///< by PlannableStatement::number
};

/// The advice's rows, best first: created and replacing indexes, dropped ones, and with details what was left
/// out and the skipped statements.
std::vector<AdviceRow> make_rows(const AdviceRequest& request, const AnalysedWorkload& workload,
                                 const SearchSpace& space, const index::Solution& solution,
                                 const Afterthoughts& more);

}  // namespace deal::server
