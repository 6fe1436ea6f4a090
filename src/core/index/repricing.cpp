#include "core/index/repricing.hpp"

#include <algorithm>
#include <cmath>

namespace deal::index {

namespace {

// Costs that went through a plan are the same numbers again.
constexpr double kSame = 1e-9;

bool same(double a, double b) {
  return std::fabs(a - b) <= kSame * std::max(std::fabs(a), std::fabs(b));
}

bool is_access_of(const PlanLeaf& leaf, const AccessCost& access) {
  return access.relation == leaf.relation && access.candidate == leaf.candidate &&
         same(access.total, leaf.total) && same(access.startup, leaf.startup);
}

bool can_replace(const AccessCost& other, const AccessCost& own, bool ordered) {
  if (other.relation != own.relation || other.place != own.place || (other.needs & ~own.needs) != 0 ||
      !same(other.rows, own.rows))
    return false;
  return !ordered || (other.order.size() >= own.order.size() &&
                      std::equal(own.order.begin(), own.order.end(), other.order.begin()));
}

// What reading `other` instead of `own` adds to the plan at most.
double most_extra(const AccessCost& other, const AccessCost& own, const PlanLeaf& leaf) {
  const double total = other.total - own.total;
  // A reading that may end early (a LIMIT, a merge join) pays for anything between its start and all of it.
  if (leaf.least_times < 1) return std::max({0.0, total, other.startup - own.startup}) * leaf.most_times;
  return total * (total > 0 ? leaf.most_times : leaf.least_times);
}

std::uint64_t bit_of(const std::vector<int>& members, int candidate) {
  const auto found = std::find(members.begin(), members.end(), candidate);
  return found == members.end() ? 0 : std::uint64_t{1} << (found - members.begin());
}

}  // namespace

RepricedPlan::RepricedPlan(const std::vector<int>& members, const std::vector<AccessCost>& accesses,
                           const QueryPlan& plan)
    : cost_(plan.cost) {
  // One that no leaf reads gave the plan its statistics, or the planner doesn't tell.
  for (const int candidate : plan.used) {
    if (std::ranges::find(plan.leaves, candidate, &PlanLeaf::candidate) == plan.leaves.end())
      fixed_ |= bit_of(members, candidate);
  }
  for (const PlanLeaf& leaf : plan.leaves) {
    std::vector<Choice> ways = choices(members, accesses, leaf);
    if (!ways.empty())
      leaves_.push_back(std::move(ways));
    else if (leaf.candidate != kNoCandidate)
      fixed_ |= bit_of(members, leaf.candidate);
  }
}

std::vector<RepricedPlan::Choice> RepricedPlan::choices(const std::vector<int>& members,
                                                        const std::vector<AccessCost>& accesses,
                                                        const PlanLeaf& leaf) {
  std::vector<Choice> ways;
  if (leaf.relation < 0) return ways;
  const auto own = std::find_if(accesses.begin(), accesses.end(),
                                [&](const AccessCost& access) { return is_access_of(leaf, access); });
  if (own == accesses.end()) return ways;
  for (const AccessCost& other : accesses) {
    if (!can_replace(other, *own, leaf.ordered)) continue;
    const std::uint64_t bit = bit_of(members, other.candidate);
    if (bit == 0 && other.candidate != kNoCandidate) continue;
    ways.push_back({bit, most_extra(other, *own, leaf)});
  }
  std::stable_sort(ways.begin(), ways.end(),
                   [](const Choice& a, const Choice& b) { return a.extra < b.extra; });
  const auto always = std::find_if(ways.begin(), ways.end(), [](const Choice& way) { return way.bit == 0; });
  if (always != ways.end()) ways.erase(always + 1, ways.end());
  return ways;
}

RepricedPlan::Price RepricedPlan::price(std::uint64_t set) const {
  if ((fixed_ & ~set) != 0) return {};
  Price price{cost_, fixed_};
  for (const std::vector<Choice>& ways : leaves_) {
    const auto way = std::find_if(ways.begin(), ways.end(), [set](const Choice& choice) {
      return choice.bit == 0 || (choice.bit & set) != 0;
    });
    if (way == ways.end()) return {};
    price.cost += way->extra;
    price.used |= way->bit;
  }
  return price;
}

}  // namespace deal::index
