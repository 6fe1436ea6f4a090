#include "core/index/refunds.hpp"

#include <set>

namespace deal::index {

Refunds::Refunds(const Problem& problem) : problem_(&problem), of_(problem.candidates.size()) {
  if (!problem.net_budget) return;
  for (std::size_t existing = 0; existing < of_.size(); ++existing) {
    const CandidateIndex& narrow = problem.candidates[existing];
    if (!narrow.existing || !narrow.droppable) continue;
    for (std::size_t i = 0; i < of_.size(); ++i) {
      const CandidateIndex& wide = problem.candidates[i];
      if (!wide.existing && covers(wide, narrow)) of_[i].push_back(static_cast<int>(existing));
      any_ = any_ || !of_[i].empty();
    }
  }
}

std::int64_t Refunds::net_bytes(const std::vector<int>& chosen) const {
  std::int64_t bytes = 0;
  std::set<int> back;
  for (const int candidate : chosen) {
    bytes += problem_->candidates[static_cast<std::size_t>(candidate)].bytes;
    back.insert(of(candidate).begin(), of(candidate).end());
  }
  for (const int existing : back)
    bytes -= problem_->candidates[static_cast<std::size_t>(existing)].bytes;
  return bytes;
}

bool Refunds::deny(int existing) {
  bool any = false;
  for (std::vector<int>& list : of_)
    any = std::erase(list, existing) > 0 || any;
  return any;
}

}  // namespace deal::index
