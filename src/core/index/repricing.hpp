#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "core/index/search.hpp"

namespace deal::index {

/// A plan whose leaves may be exchanged: what it would cost at most if other candidates were read in the
/// place of those that it uses.
///
/// The planner could always make the same plan with another access to a relation, as long as that yields the
/// same rows, needs no more relations read before and keeps the order that the plan may rely on. What this
/// plan costs, plus the difference of the two accesses as often as the plan pays for it, is thus an upper
/// bound of what the planner would find; never more than an estimate of it. After INUM (Papadomanolakis, Dash
/// and Ailamaki, VLDB 2007), which takes such plans for the planner's answer.
class RepricedPlan {
 public:
  /// Nothing is exchanged: the plan needs all of `used`. Sets are of positions among a query's members.
  RepricedPlan(double cost, std::uint64_t used) : cost_(cost), fixed_(used) {}
  /// `members` are the query's candidates (at most 64), `plan.leaves` are looked up among `accesses`.
  RepricedPlan(const std::vector<int>& members, const std::vector<AccessCost>& accesses,
               const QueryPlan& plan);

  struct Price {
    double cost = std::numeric_limits<double>::infinity();   ///< infinite: the plan can't do with that set
    double least = std::numeric_limits<double>::infinity();  ///< what the same plan may cost as well, where
                                                             ///< it isn't known how much of a leaf it reads
    std::uint64_t used = 0;                                  ///< for `cost`
  };
  /// The plan with the cheapest of `set` at each of its leaves.
  Price price(std::uint64_t set) const;

 private:
  struct Choice {
    std::uint64_t bit;  // 0: always there
    double extra;       // over the plan's own access, at most ...
    double least;       // ... and at least
    double later;       // the least of those after it
  };
  static std::vector<Choice> choices(const std::vector<int>& members, const std::vector<AccessCost>& accesses,
                                     const PlanLeaf& leaf);

  double cost_;
  std::uint64_t fixed_ = 0;
  std::vector<Choice> choices_;    // the ways to read each leaf, leaf after leaf, cheapest first
  std::vector<std::size_t> ends_;  // of each leaf's
};

}  // namespace deal::index
