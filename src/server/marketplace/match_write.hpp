/// What watches have told, written past the executor.
#pragma once

#include <span>

#include "server/marketplace/match.hpp"
#include "server/marketplace/match_tables.hpp"

namespace deal::server {

/// Writes into the watches of `told` what they tell: price, listing and times of the last alert of each, and
/// how many it has told on `today`. A watch that somebody has changed since it was read stays as it is now,
/// and starts anew. No trigger, constraint or policy is looked at: check_match() has said that none matters.
void tell_watches(MatchTables& tables, std::span<const FiringWatch> told, TimestampTz moment, int32_t today);

}  // namespace deal::server
