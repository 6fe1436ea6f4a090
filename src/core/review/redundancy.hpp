/// What the redundancy of indexes means for the other checks.
#pragma once

#include <vector>

#include "core/review/registry.hpp"

namespace deal::review {

/// By position: whether the index is to be dropped as redundant, or must stay because another is. No other
/// check may advise to drop either: the two pieces of advice together would lose both.
std::vector<bool> redundancy_parties(const Catalog& catalog,
                                     const std::vector<index::Redundancy>& redundancies);

}  // namespace deal::review
