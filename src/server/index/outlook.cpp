#include "server/index/outlook.hpp"

#include <algorithm>

#include "server/bridge/subtransaction.hpp"
#include "server/index/arguments.hpp"

namespace deal::server {

void Outlook::add(double before, double after) {
  worst_after = std::max(worst_after, after);
  double const saved = before > 0 ? std::clamp(1 - after / before, 0.0, 1.0) : 0;
  least_saved = std::min(least_saved, saved);
  most_saved = std::max(most_saved, saved);
}

void Outlook::add(const Outlook& other) {
  worst_after = std::max(worst_after, other.worst_after);
  least_saved = std::min(least_saved, other.least_saved);
  most_saved = std::max(most_saved, other.most_saved);
}

std::map<int, Outlook> outlooks(const AnalysedWorkload& workload, const SearchSpace& space,
                                const index::Solution& solution, const std::function<bool()>& out_of_time,
                                int& calls) {
  std::map<int, Outlook> found;
  for (size_t i = 0; i < workload.plannable.size() && !out_of_time(); ++i) {
    auto const& one = workload.plannable[i];
    auto const& used = solution.query_used[i];
    bool const served = std::any_of(used.begin(), used.end(),
                                    [&](int candidate) { return space.existing(candidate) == nullptr; });
    if (!served || one.prepared.arguments != nullptr) continue;
    int const query = static_cast<int>(i);
    StatementScope const scope(one.statement);
    for (int variant = 0; variant < kArgumentVariants; ++variant) {
      PreparedQuery prepared = one.prepared;
      prepared.arguments =
          pg::call([&] { return skewed_arguments(prepared.query, prepared.parameters, variant); });
      if (prepared.arguments == nullptr) break;
      double const before = space.plan(query, prepared, space.available_today(query)).cost;
      double const after = space.plan(query, prepared, space.available_after(solution, query)).cost;
      calls += 2;
      found[one.number].add(before, after);
    }
  }
  return found;
}

}  // namespace deal::server
