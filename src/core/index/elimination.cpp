#include "core/index/elimination.hpp"

#include <algorithm>
#include <map>

namespace deal::index {

namespace {

// "Plan with all, set the used aside, plan again": so many times, to see the runners-up.
constexpr int kRounds = 4;
// Savings below this share of the cost that is within reach don't matter.
constexpr double kLeastShare = 1e-4;

class Elimination {
 public:
  Elimination(const Problem& problem, PlanCache& cache)
      : problem_(problem), cache_(cache), keep_(problem.candidates.size(), 0) {}

  std::vector<int> run() {
    plan_bases();
    // Breadth first, the dearest queries first: with few calls left every query has had its turn.
    std::vector<CandidateSet> left(problem_.relevant.size());
    double reachable = 0;
    for (const int query : order_) {
      left[static_cast<std::size_t>(query)] = cache_.all(query);
      set_aside(query, false, left[static_cast<std::size_t>(query)]);
      reachable += reachable_by(query);
    }
    least_ = kLeastShare * reachable;
    for (const int query : order_)
      probe_tables(query);
    for (int round = 1; round < kRounds; ++round) {
      for (const int query : order_)
        set_aside(query, false, left[static_cast<std::size_t>(query)]);
    }
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < keep_.size(); ++i)
      bytes += keep_[i] != 0 ? problem_.candidates[i].bytes : 0;
    for (const int query : order_)
      left[static_cast<std::size_t>(query)] = cache_.all(query);
    for (int round = 0; round < kRounds && bytes > problem_.budget_bytes; ++round) {
      for (const int query : order_)
        set_aside(query, true, left[static_cast<std::size_t>(query)]);
    }
    std::vector<int> kept;
    for (std::size_t i = 0; i < keep_.size(); ++i) {
      if (keep_[i] != 0) kept.push_back(static_cast<int>(i));
    }
    return kept;
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

  // One round of one query: plans it with the candidates left and takes away those used; with `smaller` also
  // what isn't smaller than the used one of its table. Nothing is left once there is nothing to gain.
  void set_aside(int query, bool smaller, CandidateSet& left) {
    const CandidateSet existing = cache_.existing(query);
    if ((left & ~existing) == 0 || cache_.exhausted()) return;
    const PlanCache::Known plan = cache_.plan(query, left);
    const CandidateSet used = plan.used & ~existing;
    left &= ~used;
    if (used == 0 || base(query) - weight(query) * plan.cost < least_) left = existing;
    if (cache_.exhausted()) return;
    for (const int candidate : cache_.candidates_of(query, used)) {
      keep_covered(query, candidate);
      if (smaller) left &= ~not_smaller(query, candidate);
    }
  }

  // A plan takes the widest index that helps; the narrower ones it begins with may be the better buy.
  void keep_covered(int query, int candidate) {
    keep_[static_cast<std::size_t>(candidate)] = 1;
    for (const int other : cache_.members(query)) {
      const CandidateIndex& narrow = index_of(other);
      if (!narrow.existing && covers(index_of(candidate), narrow)) keep_[static_cast<std::size_t>(other)] = 1;
    }
  }

  CandidateSet not_smaller(int query, int than) const {
    const CandidateIndex& used = index_of(than);
    CandidateSet set = 0;
    for (const int candidate : cache_.members(query)) {
      const CandidateIndex& index = index_of(candidate);
      const bool counts = !index.existing && index.table == used.table && index.bytes >= used.bytes;
      if (counts) set |= cache_.bit(query, candidate);
    }
    return set;
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
  std::vector<char> keep_;
  std::vector<int> order_;  // queries, the dearest first
  double least_ = 0;        // a query that can't save this much isn't looked at any further
};

}  // namespace

std::vector<int> eliminate(const Problem& problem, PlanCache& cache) {
  return Elimination(problem, cache).run();
}

}  // namespace deal::index
