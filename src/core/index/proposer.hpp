/// The indexes that one use of one table asks for.
#pragma once

#include "core/index/candidates.hpp"

namespace deal::index {

/// Each once, best first; sizes and write costs are left open. See `propose` for what they are.
std::vector<CandidateIndex> proposals_for(const TableUse& use, const CandidateLimits& limits);

}  // namespace deal::index
