#include "core/index/repricing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace deal::index {

namespace {

constexpr double kSame = 1e-9;
// A leaf may work out expressions for the plan above it, which the access by itself doesn't.
constexpr double kAlike = 0.05;

bool same(double a, double b) {
  return std::fabs(a - b) <= kSame * std::max(std::fabs(a), std::fabs(b));
}

// The access that the leaf is: of those that may be, the nearest in cost.
const AccessCost* access_of(const PlanLeaf& leaf, const std::vector<AccessCost>& accesses) {
  const AccessCost* best = nullptr;
  double nearest = kAlike * leaf.total;
  for (const AccessCost& access : accesses) {
    if (access.relation != leaf.relation || access.candidate != leaf.candidate) continue;
    const double apart = std::fabs(access.total - leaf.total) + std::fabs(access.startup - leaf.startup);
    if (apart > nearest || (apart == nearest && best != nullptr)) continue;
    nearest = apart;
    best = &access;
  }
  return best;
}

bool can_replace(const AccessCost& other, const AccessCost& own, bool ordered) {
  if (other.relation != own.relation || other.place != own.place || (other.needs & ~own.needs) != 0 ||
      !same(other.rows, own.rows))
    return false;
  return !ordered || (other.order.size() >= own.order.size() &&
                      std::equal(own.order.begin(), own.order.end(), other.order.begin()));
}

struct Extra {
  double least;
  double most;
};

// What reading `other` instead of `own` adds to the plan.
Extra extra_of(const AccessCost& other, const AccessCost& own, const PlanLeaf& leaf) {
  const double startup = other.startup - own.startup;
  const double run = other.total - own.total - startup;
  const double one = startup + run * leaf.least_share;
  const double two = startup + run * leaf.most_share;
  const double least = std::min(one, two);
  const double most = std::max(one, two);
  return {least * (least < 0 ? leaf.most_times : leaf.least_times),
          most * (most > 0 ? leaf.most_times : leaf.least_times)};
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
    choices_.insert(choices_.end(), ways.begin(), ways.end());
    if (!ways.empty())
      ends_.push_back(choices_.size());
    else if (leaf.candidate != kNoCandidate)
      fixed_ |= bit_of(members, leaf.candidate);
  }
  choices_.shrink_to_fit();
  ends_.shrink_to_fit();
}

std::vector<RepricedPlan::Choice> RepricedPlan::choices(const std::vector<int>& members,
                                                        const std::vector<AccessCost>& accesses,
                                                        const PlanLeaf& leaf) {
  std::vector<Choice> ways;
  if (leaf.relation < 0) return ways;
  const AccessCost* const own = access_of(leaf, accesses);
  if (own == nullptr) return ways;
  for (const AccessCost& other : accesses) {
    if (!can_replace(other, *own, leaf.ordered)) continue;
    const std::uint64_t bit = bit_of(members, other.candidate);
    if (bit == 0 && other.candidate != kNoCandidate) continue;
    // Its own access costs what it did, however much of it was read.
    const Extra extra = &other == own ? Extra{0, 0} : extra_of(other, *own, leaf);
    ways.push_back({bit, extra.most, extra.least, 0});
  }
  std::stable_sort(ways.begin(), ways.end(),
                   [](const Choice& a, const Choice& b) { return a.extra < b.extra; });
  // None after one that is always there is ever read.
  const auto always = std::ranges::find(ways, std::uint64_t{0}, &Choice::bit);
  if (always != ways.end()) ways.erase(always + 1, ways.end());
  double later = std::numeric_limits<double>::infinity();
  for (auto way = ways.rbegin(); way != ways.rend(); ++way) {
    way->later = later;
    later = std::min(later, way->least);
  }
  return ways;
}

RepricedPlan::Price RepricedPlan::price(std::uint64_t set) const {
  if ((fixed_ & ~set) != 0) return {};
  Price price{cost_, cost_, fixed_};
  std::size_t at = 0;
  for (const std::size_t end : ends_) {
    while (at < end && choices_[at].bit != 0 && (choices_[at].bit & set) == 0)
      ++at;
    if (at == end) return {};
    const Choice& best = choices_[at];
    double least = best.least;
    for (; at < end && choices_[at].later < least; ++at) {
      const Choice& next = choices_[at + 1];
      if (next.bit == 0 || (next.bit & set) != 0) least = std::min(least, next.least);
    }
    price.cost += best.extra;
    price.least += least;
    price.used |= best.bit;
    at = end;
  }
  return price;
}

}  // namespace deal::index
