#include "core/index/branch_and_bound.hpp"

#include "core/base/interrupt.hpp"

namespace deal::index {

namespace {

constexpr std::size_t kFew = 14;
// A better set must be better by this share of the cost.
constexpr double kWorthwhile = 1e-4;

class AllSets {
 public:
  AllSets(const Problem& problem, PlanCache& cache, const std::vector<int>& kept, int last_call,
          SearchState& best)
      : problem_(problem), cache_(cache), kept_(kept), last_call_(last_call), best_(best) {}

  // What is decided is in `state`, candidate number `next` of the kept ones is the next to decide.
  void decide(const SearchState& state, std::size_t next) {
    poll_interrupts();
    if (given_up() || least(state, next) >= target()) return;
    if (next == kept_.size()) {
      SearchState settled = state;
      settled.settle_all();
      if (settled.objective() < target() && settled.bytes() <= problem_.budget_bytes) {
        best_ = settled;
        found_ = true;
      }
      return;
    }
    const Move add{{kept_[next]}, {}};
    if (state.fits(add)) {
      SearchState with = state;
      with.apply(add, Ask::nothing);
      decide(with, next + 1);
    }
    decide(state, next + 1);
  }

  bool found() const { return found_; }

 private:
  bool given_up() const { return cache_.exhausted() || cache_.calls() >= last_call_; }
  double target() const { return best_.objective() - kWorthwhile * best_.cost(); }

  // No set with the decided ones and some of the others costs less.
  double least(const SearchState& state, std::size_t next) const {
    double cost = state.objective() - state.cost();
    for (std::size_t query = 0; query < problem_.relevant.size(); ++query) {
      const int q = static_cast<int>(query);
      CandidateSet set = state.set(q);
      for (std::size_t i = next; i < kept_.size(); ++i)
        set |= cache_.bit(q, kept_[i]);
      cost += problem_.weights[query] * cache_.lower(q, set);
    }
    return cost;
  }

  const Problem& problem_;
  PlanCache& cache_;
  const std::vector<int>& kept_;
  int last_call_;
  SearchState& best_;
  bool found_ = false;
};

}  // namespace

bool search_all_sets(const Problem& problem, PlanCache& cache, const Refunds& refunds,
                     const std::vector<int>& kept, int most_calls, SearchState& state) {
  // Under a net budget an index may make room for others: nothing could be passed over for its size.
  if (kept.size() > kFew || problem.net_budget) return false;
  SearchState nothing(problem, cache, refunds);
  nothing.set_least_saving(problem.min_gain * state.cost());
  state.set_least_saving(problem.min_gain * state.cost());
  AllSets all(problem, cache, kept, cache.calls() + most_calls, state);
  all.decide(nothing, 0);
  return all.found();
}

}  // namespace deal::index
