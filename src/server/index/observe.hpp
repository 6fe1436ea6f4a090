/// Watching the planner: which columns of which tables it could search, join or sort by.
#pragma once

#include "core/index/candidates.hpp"
#include "server/index/vocabulary.hpp"
#include "server/index/what_if.hpp"

namespace deal::server {

/// Uses of one table, as the planner sees them after views are expanded, subqueries pulled up and equalities
/// propagated; `relation` is the table, `use.table` is still unset.
struct ObservedUse {
  Oid relation;
  index::TableUse use;
};

/// Plans the statement with the indexes that exist and reports the uses of user tables in it; expressions,
/// predicates get numbers in `words`.
PlanOutcome plan_and_observe(const PreparedQuery& prepared, int query, Vocabulary& words,
                             std::vector<ObservedUse>& uses);

}  // namespace deal::server
