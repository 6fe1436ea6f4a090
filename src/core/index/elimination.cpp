#include "core/index/elimination.hpp"

#include <algorithm>
#include <map>

namespace deal::index {

namespace {

// "Plan with all, set the used aside, plan again": so many times, to see the runners-up.
constexpr int kRounds = 2;
// Savings below this share of the cost that is within reach don't matter.
constexpr double kLeastShare = 1e-4;

class Elimination {
 public:
  Elimination(const Problem& problem, PlanCache& cache) : problem_(problem), cache_(cache) {}

  std::vector<int> run() {
    plan_bases();
    // Breadth first, the dearest queries first: with few calls left every query has had its turn.
    std::vector<CandidateSet> left(problem_.relevant.size());
    double reachable = 0;
    for (const int query : order_) {
      left[static_cast<std::size_t>(query)] = cache_.all(query);
      set_aside(query, left[static_cast<std::size_t>(query)]);
      reachable += reachable_by(query);
    }
    least_ = kLeastShare * reachable;
    for (const int query : order_)
      probe_tables(query);
    for (int round = 1; round < kRounds; ++round) {
      for (const int query : order_)
        set_aside(query, left[static_cast<std::size_t>(query)]);
    }
    return kept();
  }

 private:
  const CandidateIndex& index_of(int candidate) const {
    return problem_.candidates[static_cast<std::size_t>(candidate)];
  }
  double weight(int query) const { return problem_.weights[static_cast<std::size_t>(query)]; }
  // The least that the query is known to cost, with whatever candidates.
  double reachable_by(int query) const { return weight(query) * cache_.upper(query, cache_.all(query)); }
  double base(int query) const { return weight(query) * cache_.base_cost(query); }

  void plan_bases() {
    for (std::size_t query = 0; query < problem_.relevant.size(); ++query) {
      order_.push_back(static_cast<int>(query));
      cache_.plan_base(order_.back());
    }
    std::stable_sort(order_.begin(), order_.end(), [this](int a, int b) { return base(a) > base(b); });
  }

  // One round of one query: plans it with the candidates left and takes away those used. Nothing is left once
  // there is nothing to gain.
  void set_aside(int query, CandidateSet& left) {
    const CandidateSet existing = cache_.existing(query);
    if ((left & ~existing) == 0 || cache_.exhausted()) return;
    const PlanCache::Known plan = cache_.plan(query, left);
    const CandidateSet used = plan.used & ~existing;
    left &= ~used;
    if (used == 0 || base(query) - weight(query) * plan.cost < least_) left = existing;
    if (cache_.exhausted()) return;
  }

  // Without those that no query can use, and those for which a smaller one does.
  std::vector<int> kept() const {
    std::vector<int> order;
    for (std::size_t i = 0; i < problem_.candidates.size(); ++i)
      order.push_back(static_cast<int>(i));
    std::stable_sort(order.begin(), order.end(),
                     [this](int a, int b) { return index_of(a).bytes < index_of(b).bytes; });
    std::vector<int> kept;
    for (const int candidate : order) {
      if (!index_of(candidate).existing && is_usable(candidate) && !is_replaceable(candidate, kept))
        kept.push_back(candidate);
    }
    std::sort(kept.begin(), kept.end());
    return kept;
  }

  bool is_usable(int candidate) const {
    const std::vector<QueryBit>& queries = cache_.queries_of(candidate);
    return std::any_of(queries.begin(), queries.end(),
                       [&](const QueryBit& of) { return !cache_.useless(of.query, candidate); });
  }

  bool is_replaceable(int candidate, const std::vector<int>& by) const {
    return std::any_of(by.begin(), by.end(), [&](int other) { return replaces(other, candidate); });
  }

  // It is no larger: does it cost the writes no more, give as many bytes back, and serve every query as well?
  bool replaces(int by, int candidate) const {
    const CandidateIndex& small = index_of(by);
    const CandidateIndex& large = index_of(candidate);
    if (small.table != large.table || small.write_cost > large.write_cost ||
        small.entry_cost > large.entry_cost)
      return false;
    const std::vector<QueryBit>& queries = cache_.queries_of(candidate);
    if (!std::all_of(queries.begin(), queries.end(),
                     [&](const QueryBit& of) { return cache_.serves_as_well(of.query, by, candidate); }))
      return false;
    const auto breaks = [](const WriteLoad& load, int index) {
      return std::binary_search(load.breakers.begin(), load.breakers.end(), index);
    };
    return std::none_of(
               problem_.writes.begin(), problem_.writes.end(),
               [&](const WriteLoad& load) { return breaks(load, by) && !breaks(load, candidate); }) &&
           std::none_of(problem_.candidates.begin(), problem_.candidates.end(),
                        [&](const CandidateIndex& other) {
                          return other.existing && covers(large, other) && !covers(small, other);
                        });
  }

  // What the candidates of one table can do alone: the most that any single one of them saves.
  void probe_tables(int query) {
    const CandidateSet existing = cache_.existing(query);
    if (base(query) - reachable_by(query) < least_) return;
    std::map<int, CandidateSet> tables;
    for (const int candidate : cache_.members(query)) {
      if (!index_of(candidate).existing) tables[index_of(candidate).table] |= cache_.bit(query, candidate);
    }
    for (const auto& [table, set] : tables)
      cache_.plan(query, set | existing);
  }

  const Problem& problem_;
  PlanCache& cache_;
  std::vector<int> order_;  // queries, the dearest first
  double least_ = 0;        // a query that can't save this much isn't looked at any further
};

}  // namespace

std::vector<int> eliminate(const Problem& problem, PlanCache& cache) {
  return Elimination(problem, cache).run();
}

}  // namespace deal::index
