#include "core/index/dominance.hpp"

#include <algorithm>

namespace deal::index {

namespace {

constexpr double kAlike = 1.01;

bool as_good(const AccessCost& wide, const AccessCost& narrow) {
  return wide.place == narrow.place && (wide.needs & ~narrow.needs) == 0 &&
         wide.total <= narrow.total * kAlike &&
         wide.startup <= narrow.startup * kAlike + narrow.total * (kAlike - 1) &&
         wide.order.size() >= narrow.order.size() &&
         std::equal(narrow.order.begin(), narrow.order.end(), wide.order.begin());
}

using Ways = std::vector<const AccessCost*>;

bool serves(const Ways& wide, const Ways& narrow) {
  return std::all_of(narrow.begin(), narrow.end(), [&](const AccessCost* way) {
    return std::any_of(wide.begin(), wide.end(),
                       [&](const AccessCost* other) { return as_good(*other, *way); });
  });
}

}  // namespace

Dominance compare(const std::vector<int>& members, const std::vector<AccessCost>& accesses) {
  std::vector<Ways> ways(members.size());
  for (const AccessCost& access : accesses) {
    const auto member = std::find(members.begin(), members.end(), access.candidate);
    if (member != members.end()) ways[static_cast<std::size_t>(member - members.begin())].push_back(&access);
  }
  Dominance dominance;
  dominance.no_better.assign(members.size(), 0);
  for (std::size_t narrow = 0; narrow < members.size(); ++narrow) {
    const std::uint64_t bit = std::uint64_t{1} << narrow;
    if (ways[narrow].empty()) dominance.useless |= bit;
    for (std::size_t wide = 0; wide < members.size(); ++wide)
      if (wide == narrow || serves(ways[wide], ways[narrow])) dominance.no_better[wide] |= bit;
  }
  return dominance;
}

}  // namespace deal::index
