/// What only planning tells, for deep reviews.
#pragma once

#include <string>
#include <vector>

#include "core/review/missing_index.hpp"

namespace deal::server {

/// Asks index_advice, as the caller, about what pg_stat_statements saw on tables of these schemas (empty:
/// all). What goes wrong is told in `unknown`; cancel and shutdown pass.
review::Foreseen foresee(const std::vector<std::string>& schemas);

}  // namespace deal::server
