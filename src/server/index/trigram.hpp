/// Searches for a part of a text, which only an extension's indexes serve.
#pragma once

#include "server/index/problem.hpp"

namespace deal::server {

/// One column that an index by trigrams could serve, were pg_trgm created.
struct TrigramChance {
  int table = 0;  ///< number in the space's tables
  AttrNumber column = 0;
  double cost = 0;           ///< of the statements that search in it, weighted, under the advice
  std::vector<int> queries;  ///< these statements
};

/// Columns of text in which statements search by patterns that may begin with anything (LIKE '%..%', ILIKE,
/// regular expressions), on tables of a megabyte and more, when pg_trgm could be created but isn't. Only
/// those whose statements cost the workload one part in twenty and more; the dearest first. What such an
/// index would save can't be foreseen: its operators do not exist yet.
std::vector<TrigramChance> trigram_chances(const AdviceRequest& request, const AnalysedWorkload& workload,
                                           const SearchSpace& space, const index::Solution& solution);

}  // namespace deal::server
