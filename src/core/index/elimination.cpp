#include "core/index/elimination.hpp"

#include <map>

namespace deal::index {

namespace {

// "Plan with all, set the used aside, plan again": so many times, to see the runners-up.
constexpr int kRounds = 4;

class Elimination {
 public:
  Elimination(const Problem& problem, PlanCache& cache)
      : problem_(problem), cache_(cache), keep_(problem.candidates.size(), 0) {}

  std::vector<int> run() {
    const int queries = static_cast<int>(problem_.relevant.size());
    for (int query = 0; query < queries; ++query)
      cache_.plan_base(query);
    for (int query = 0; query < queries; ++query) {
      set_aside(query, false);
      probe_tables(query);
    }
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < keep_.size(); ++i)
      bytes += keep_[i] != 0 ? problem_.candidates[i].bytes : 0;
    for (int query = 0; query < queries && bytes > problem_.budget_bytes; ++query)
      set_aside(query, true);
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

  // One query's rounds. With `smaller` each round also sets aside what isn't smaller than the used one of its
  // table.
  void set_aside(int query, bool smaller) {
    const CandidateSet existing = cache_.existing(query);
    CandidateSet left = cache_.all(query);
    for (int round = 0; round < kRounds && (left & ~existing) != 0; ++round) {
      const CandidateSet used = cache_.plan(query, left).used & ~existing;
      if (used == 0 || cache_.exhausted()) break;
      left &= ~used;
      for (const int candidate : cache_.candidates_of(query, used)) {
        keep_covered(query, candidate);
        if (smaller) left &= ~not_smaller(query, candidate);
      }
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
    std::map<int, CandidateSet> tables;
    for (const int candidate : cache_.members(query)) {
      if (!index_of(candidate).existing) tables[index_of(candidate).table] |= cache_.bit(query, candidate);
    }
    for (const auto& [table, set] : tables)
      cache_.plan(query, set | cache_.existing(query));
  }

  const Problem& problem_;
  PlanCache& cache_;
  std::vector<char> keep_;
};

}  // namespace

std::vector<int> eliminate(const Problem& problem, PlanCache& cache) {
  return Elimination(problem, cache).run();
}

}  // namespace deal::index
