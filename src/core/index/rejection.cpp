#include "core/index/rejection.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

namespace deal::index {

namespace {

constexpr int kMostUnused = 3;
constexpr int kMostAlike = 2;

class NearWinners {
 public:
  NearWinners(const Problem& problem, PlanCache& cache, SearchState& state)
      : problem_(problem), cache_(cache), state_(state), least_(problem.min_gain * state.cost()) {}

  std::vector<Rejection> run() {
    std::vector<Rejection> found;
    const int first_call = cache_.calls();
    for (const int candidate : ranked()) {
      if (static_cast<int>(found.size()) >= problem_.most_rejected ||
          cache_.calls() - first_call >= 2 * problem_.most_rejected)
        break;
      Rejection rejection;
      if (judge(candidate, rejection) && is_fresh(rejection)) found.push_back(rejection);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Rejection& a, const Rejection& b) { return a.saving > b.saving; });
    return found;
  }

 private:
  const CandidateIndex& index_of(int candidate) const {
    return problem_.candidates[static_cast<std::size_t>(candidate)];
  }
  double weight(int query) const { return problem_.weights[static_cast<std::size_t>(query)]; }
  CandidateSet alone(int query, int candidate) const {
    return cache_.existing(query) | cache_.bit(query, candidate);
  }
  CandidateSet on_top(int query, int candidate) const {
    return state_.set(query) | cache_.bit(query, candidate);
  }

  // What it saves a query as the only new index, by what the planner was asked; weighted.
  double saving_in(int query, int candidate) const {
    const double cost = cache_.cheapest_planned(query, alone(query, candidate)).cost;
    return weight(query) * std::max(0.0, cache_.base_cost(query) - cost);
  }
  double saving(int candidate) const {
    double sum = 0;
    for (const auto& [query, bit] : cache_.queries_of(candidate))
      sum += saving_in(query, candidate);
    return sum;
  }
  // The same by plans priced anew as well: good enough to choose whom to ask about.
  double likely_saving_in(int query, int candidate) const {
    const double cost = cache_.upper(query, alone(query, candidate));
    return weight(query) * std::max(0.0, cache_.base_cost(query) - cost);
  }
  double saving_on_top(int candidate) const {
    double sum = 0;
    for (const auto& [query, bit] : cache_.queries_of(candidate)) {
      const double cost = cache_.cheapest_planned(query, on_top(query, candidate)).cost;
      sum += weight(query) * std::max(0.0, state_.plan(query).cost - cost);
    }
    return sum;
  }
  // What it could save at most, by the plans of larger sets.
  double hope_in(int query, int candidate) const {
    return weight(query) * (cache_.base_cost(query) - cache_.lower(query, alone(query, candidate)));
  }

  // Those left out: the best known savings first, then the best hopes, then those of the dearest queries.
  std::vector<int> ranked() const {
    struct Rank {
      double saving, hope, stake;
      int candidate;
    };
    std::vector<Rank> ranks;
    for (std::size_t i = 0; i < problem_.candidates.size(); ++i) {
      const int candidate = static_cast<int>(i);
      if (index_of(candidate).existing || state_.contains(candidate)) continue;
      Rank rank{0, 0, 0, candidate};
      for (const auto& [query, bit] : cache_.queries_of(candidate)) {
        rank.saving += likely_saving_in(query, candidate);
        rank.hope += hope_in(query, candidate);
        rank.stake += weight(query) * cache_.base_cost(query);
      }
      if (rank.stake > 0) ranks.push_back(rank);
    }
    std::stable_sort(ranks.begin(), ranks.end(), [](const Rank& a, const Rank& b) {
      return std::tie(a.saving, a.hope, a.stake) > std::tie(b.saving, b.hope, b.stake);
    });
    std::vector<int> order;
    order.reserve(ranks.size());
    for (const Rank& rank : ranks)
      order.push_back(rank.candidate);
    return order;
  }

  // The query that gains most from it, or could.
  int main_query(int candidate) const {
    int best = -1;
    std::pair<double, double> most{-1, -1};
    for (const auto& [query, bit] : cache_.queries_of(candidate)) {
      const std::pair<double, double> value{likely_saving_in(query, candidate), hope_in(query, candidate)};
      if (value <= most) continue;
      most = value;
      best = query;
    }
    return best;
  }

  int covering(int candidate) const {
    for (const int chosen : state_.chosen())
      if (covers(index_of(chosen), index_of(candidate))) return chosen;
    return -1;
  }

  // The advised index that saves most where this one would; -1 if none does.
  int serving(int candidate) const {
    std::map<int, double> served;
    for (const auto& [query, bit] : cache_.queries_of(candidate)) {
      const double saved = saving_in(query, candidate);
      for (const int used : cache_.candidates_of(query, state_.plan(query).used))
        if (state_.contains(used)) served[used] += saved;
    }
    int best = -1;
    double most = 0;
    for (const auto& [chosen, saved] : served) {
      // One on the same table is in its place; one on another made it needless.
      const double value = saved * (index_of(chosen).table == index_of(candidate).table ? 2 : 1);
      if (value <= most) continue;
      most = value;
      best = chosen;
    }
    return best;
  }

  // Fills in why the candidate was left out; false when that isn't known.
  bool judge(int candidate, Rejection& rejection) {
    rejection.candidate = candidate;
    const int query = main_query(candidate);
    cache_.plan(query, alone(query, candidate));
    rejection.saving = saving(candidate);
    PlanCache::Known known;
    if (rejection.saving <= 0) return cache_.find(query, alone(query, candidate), known);
    cache_.plan(query, on_top(query, candidate));
    rejection.on_top = saving_on_top(candidate);
    const Gain gain = state_.gain({{candidate}, {}}, Pricing::pessimistic);
    SearchState with = state_;
    with.apply({{candidate}, {}}, Ask::nothing);
    rejection.write_cost = with.write_cost() - state_.write_cost();
    rejection.other = covering(candidate);
    if (rejection.other >= 0) return settle(rejection, RejectionCause::covered);
    if (rejection.saving < least_) return settle(rejection, RejectionCause::too_little);
    if (rejection.write_cost + least_ >= rejection.saving) return settle(rejection, RejectionCause::writes);
    if (charge_alone(candidate) + least_ >= rejection.saving)
      return settle(rejection, RejectionCause::heap_only);
    if (!cache_.find(query, on_top(query, candidate), known)) return false;
    if (rejection.on_top - rejection.write_cost < least_) {
      rejection.other = serving(candidate);
      return rejection.other >= 0 && settle(rejection, RejectionCause::served);
    }
    if (!state_.fits({{candidate}, {}})) return settle(rejection, RejectionCause::budget);
    return gain.value <= 0 && settle(rejection, RejectionCause::heap_only);
  }

  // What the search would charge for it as the only new index.
  double charge_alone(int candidate) const {
    WriteBill bill(problem_);
    bill.change({candidate}, {});
    return bill.charge() + index_of(candidate).write_cost;
  }

  static bool settle(Rejection& rejection, RejectionCause cause) {
    rejection.cause = cause;
    return true;
  }

  // Ten rows of one kind say no more than two: with the same cause and the same other index, or table.
  bool is_fresh(const Rejection& rejection) {
    const bool unused = rejection.cause == RejectionCause::unused;
    const int table = unused ? 0 : index_of(rejection.candidate).table;
    int& alike = alike_[{rejection.cause, rejection.other, rejection.other >= 0 ? 0 : table}];
    return ++alike <= (unused ? kMostUnused : kMostAlike);
  }

  const Problem& problem_;
  PlanCache& cache_;
  SearchState& state_;
  double least_;  // what an index must save at least
  std::map<std::tuple<RejectionCause, int, int>, int> alike_;
};

}  // namespace

std::vector<Rejection> near_winners(const Problem& problem, PlanCache& cache, SearchState& state) {
  return NearWinners(problem, cache, state).run();
}

}  // namespace deal::index
