#include "core/index/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <queue>

#include "core/base/error.hpp"
#include "core/base/interrupt.hpp"
#include "core/index/moves.hpp"
#include "core/index/plan_cache.hpp"
#include "core/index/search_state.hpp"

namespace deal::index {

namespace {

// "Plan with all, set the used aside, plan again": so many times, to see the runners-up.
constexpr int kEliminationRounds = 4;
// A better set must be better by this share of the cost, else the search runs after noise.
constexpr double kWorthwhile = 1e-4;
constexpr int kMostRounds = 200;
constexpr int kVerifications = 3;

void check(const Problem& problem) {
  const char* wrong = nullptr;
  if (problem.weights.size() != problem.relevant.size()) wrong = "There are not as many weights as queries.";
  for (const double weight : problem.weights) {
    if (!(weight > 0) || std::isinf(weight)) wrong = "A weight is not a number above 0.";
  }
  for (const std::vector<int>& relevant : problem.relevant) {
    for (const int candidate : relevant) {
      if (candidate < 0 || candidate >= static_cast<int>(problem.candidates.size())) {
        wrong = "A relevant candidate doesn't exist.";
      }
    }
  }
  for (const CandidateIndex& candidate : problem.candidates) {
    if (candidate.bytes < 0 || !(candidate.write_cost >= 0)) wrong = "A size or a write cost is negative.";
  }
  if (wrong != nullptr) throw Error("22023", "invalid index search problem").detail(wrong);
}

class Search {
 public:
  Search(const Problem& problem, const Planner& planner) : problem_(problem), cache_(problem, planner) {}

  Solution run() {
    plan_bases();
    SearchState state(problem_, cache_);
    const double before = state.cost();
    eliminate();
    choose(state);
    for (int round = 0; round < kVerifications; ++round) {
      const double believed = state.objective();
      state.verify_all();
      if (std::fabs(state.objective() - believed) <= kWorthwhile * state.cost() && round > 0) break;
      improve(state, true);
    }
    state.verify_all();
    Solution solution = describe(state);
    solution.cost_before = before;
    return solution;
  }

 private:
  bool budgeted() const { return problem_.budget_bytes != std::numeric_limits<std::int64_t>::max(); }
  int queries() const { return static_cast<int>(problem_.relevant.size()); }

  void plan_bases() {
    for (int query = 0; query < queries(); ++query)
      cache_.plan_base(query);
  }

  // Plans each query with all its candidates, then without those it used, and so on: what is never used isn't
  // kept.
  void eliminate() {
    std::vector<char> keep(problem_.candidates.size(), 0);
    for (int query = 0; query < queries(); ++query)
      eliminate(query, false, keep);
    // The planner doesn't look at sizes. Where room is short, the best of the smaller ones may be the better
    // buy.
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < keep.size(); ++i)
      bytes += keep[i] != 0 ? problem_.candidates[i].bytes : 0;
    if (bytes > problem_.budget_bytes) {
      for (int query = 0; query < queries(); ++query)
        eliminate(query, true, keep);
    }
    for (std::size_t candidate = 0; candidate < keep.size(); ++candidate) {
      if (keep[candidate] != 0) kept_.push_back(static_cast<int>(candidate));
    }
  }

  // One query's rounds. With `smaller` each round also sets aside what isn't smaller than the used one of its
  // table.
  void eliminate(int query, bool smaller, std::vector<char>& keep) {
    const std::vector<int>& members = cache_.members(query);
    const CandidateSet existing = cache_.existing(query);
    CandidateSet left = members.size() == 64 ? ~CandidateSet{0} : (CandidateSet{1} << members.size()) - 1;
    for (int round = 0; round < kEliminationRounds && (left & ~existing) != 0; ++round) {
      const CandidateSet used = cache_.plan(query, left).used & ~existing;
      if (used == 0 || cache_.exhausted()) break;
      left &= ~used;
      for (const int candidate : cache_.candidates_of(query, used)) {
        keep_with_prefixes(candidate, members, keep);
        if (smaller) left &= ~not_smaller(query, candidate);
      }
    }
  }

  CandidateSet not_smaller(int query, int than) const {
    const CandidateIndex& used = problem_.candidates[static_cast<std::size_t>(than)];
    CandidateSet set = 0;
    for (const int candidate : cache_.members(query)) {
      const CandidateIndex& index = problem_.candidates[static_cast<std::size_t>(candidate)];
      const bool counts = !index.existing && index.table == used.table && index.bytes >= used.bytes;
      if (counts) set |= cache_.bit(query, candidate);
    }
    return set;
  }

  // A plan takes the widest index that helps; the narrower ones it begins with may be the better buy.
  void keep_with_prefixes(int candidate, const std::vector<int>& members, std::vector<char>& keep) const {
    keep[static_cast<std::size_t>(candidate)] = 1;
    for (const int other : members) {
      const CandidateIndex& narrow = problem_.candidates[static_cast<std::size_t>(other)];
      if (!narrow.existing && covers(problem_.candidates[static_cast<std::size_t>(candidate)], narrow)) {
        keep[static_cast<std::size_t>(other)] = 1;
      }
    }
  }

  double score(const SearchState& state, const Move& move, double gain, bool per_byte) const {
    if (!per_byte) return gain;
    return gain / static_cast<double>(std::max<std::int64_t>(state.bytes_after(move) - state.bytes(), 1));
  }

  struct Entry {
    double score;
    int move;
    bool operator<(const Entry& other) const {
      return score != other.score ? score < other.score : move > other.move;
    }
  };

  // The best of the moves, asking the planner only about moves that could be it; at most `asks` questions.
  std::optional<Move> best_move(SearchState& state, const std::vector<Move>& moves, Pricing pricing,
                                bool per_byte, int asks) {
    const double least = kWorthwhile * state.cost();
    std::priority_queue<Entry> queue;
    InterruptPoll poll;
    for (std::size_t i = 0; i < moves.size(); ++i) {
      poll.step();
      const Gain gain = state.gain(moves[i], pricing_of(moves[i], pricing));
      if (gain.value > least) queue.push({score(state, moves[i], gain.value, per_byte), static_cast<int>(i)});
    }
    while (!queue.empty()) {
      const Entry top = queue.top();
      queue.pop();
      const Move& move = moves[static_cast<std::size_t>(top.move)];
      // Answers to other moves may have settled this one.
      const Gain gain = state.gain(move, pricing_of(move, pricing));
      const Entry now{score(state, move, gain.value, per_byte), top.move};
      if (gain.value <= least) continue;
      if (now.score < top.score && !queue.empty() && now < queue.top()) {
        queue.push(now);
        continue;
      }
      if (gain.unsure_query < 0) return move;
      if (asks-- <= 0 || cache_.exhausted()) return std::nullopt;
      state.ask(move, gain.unsure_query);
      queue.push(now);
    }
    return std::nullopt;
  }

  // Three and more at once are only tried on what is known: hoping for each of them would ask about
  // everything.
  static Pricing pricing_of(const Move& move, Pricing pricing) {
    return move.add.size() > 2 ? Pricing::pessimistic : pricing;
  }

  void greedy(SearchState& state, bool ask, bool per_byte, bool groups) {
    for (int round = 0; round < kMostRounds; ++round) {
      state.set_least_saving(problem_.min_gain * state.cost());
      const std::vector<Move> moves = additions(problem_, cache_, state, kept_, groups);
      const std::optional<Move> move =
          best_move(state, moves, ask ? Pricing::hopeful : Pricing::pessimistic, per_byte, kNoLimit);
      if (!move) return;
      state.apply(*move, ask);
    }
  }

  // Makes the move if that proves better.
  bool try_move(SearchState& state, const Move& move, bool ask) {
    SearchState next = state;
    next.apply(move, ask);
    if (next.objective() >= state.objective() - kWorthwhile / 2 * state.cost()) return false;
    state = std::move(next);
    return true;
  }

  void improve(SearchState& state, bool ask) {
    for (int round = 0; round < kMostRounds; ++round) {
      const std::vector<Move> moves = exchanges(problem_, cache_, state, kept_);
      std::optional<Move> move = best_move(state, moves, Pricing::pessimistic, false, 0);
      if (move && try_move(state, *move, ask)) continue;
      if (!ask) return;
      ask_without_each(state);
      move = best_move(state, moves, Pricing::hopeful, false, kAsksPerImprovement);
      if (!move || !try_move(state, *move, ask)) return;
    }
  }

  // What each chosen index is worth: exchanges and the final report need it.
  void ask_without_each(SearchState& state) {
    for (const int candidate : state.chosen()) {
      for (const int query : cache_.queries_of(candidate)) {
        const CandidateSet bit = cache_.bit(query, candidate);
        if ((state.plan(query).used & bit) != 0) cache_.plan(query, state.set(query) & ~bit);
      }
    }
  }

  void choose(SearchState& state) {
    greedy(state, true, budgeted(), false);
    improve(state, true);
    // The other ways cost nothing as long as they only use what is known; the planner then confirms the
    // winner.
    for (const bool per_byte : {true, false}) {
      for (const bool groups : {true, false}) {
        SearchState other(problem_, cache_);
        greedy(other, false, per_byte, groups);
        consider(state, other);
      }
    }
    SearchState from_above(problem_, cache_);
    shrink(from_above, state);
    consider(state, from_above);
    while (shake(state))
      continue;
  }

  // Takes the other selection if it is better once the planner has confirmed it.
  bool consider(SearchState& state, SearchState& other) {
    other.set_least_saving(problem_.min_gain * state.cost());
    state.set_least_saving(problem_.min_gain * state.cost());
    improve(other, false);
    if (other.objective() >= state.objective() - kWorthwhile * state.cost()) return false;
    other.settle_all();
    improve(other, true);
    if (other.objective() >= state.objective() - kWorthwhile * state.cost()) return false;
    state = other;
    return true;
  }

  // From everything that any plan used down to the budget, the least useful byte first.
  void shrink(SearchState& from_above, const SearchState& reference) {
    if (kept_.size() > 200) return;  // quadratic
    from_above.set_least_saving(problem_.min_gain * reference.cost());
    from_above.apply({kept_, {}}, false);
    while (!from_above.chosen().empty()) {
      const bool over = from_above.bytes() > problem_.budget_bytes;
      double best = -std::numeric_limits<double>::infinity();
      Move drop;
      for (const int candidate : from_above.chosen()) {
        const Move move{{}, {candidate}};
        const double gain = from_above.gain(move, Pricing::pessimistic).value;
        const auto bytes = static_cast<double>(
            std::max<std::int64_t>(problem_.candidates[static_cast<std::size_t>(candidate)].bytes, 1));
        const double value = over && gain < 0 ? gain / bytes : gain;
        if (value > best) {
          best = value;
          drop = move;
        }
      }
      if (!over && best <= 0) return;
      from_above.apply(drop, false);
    }
  }

  // Leaves out each chosen index in turn and fills the room anew.
  bool shake(SearchState& state) {
    const std::vector<int> chosen = state.chosen();
    if (chosen.size() > 100) return false;
    for (const int candidate : chosen) {
      poll_interrupts();
      SearchState other = state;
      other.apply({{}, {candidate}}, false);
      const std::vector<int> kept = kept_;
      std::erase(kept_, candidate);
      greedy(other, false, budgeted(), true);
      kept_ = kept;
      if (consider(state, other)) return true;
    }
    return false;
  }

  Solution describe(SearchState& state) {
    Solution solution;
    std::vector<Step> steps;
    for (const int candidate : state.chosen())
      steps.push_back({.candidate = candidate});
    for (Step& step : steps)
      replace_existing(state, step);
    for (Step& step : steps)
      step.marginal_saving = state.loss_without(step.candidate);
    rank(state, steps, solution);
    solution.cost_after = state.cost();
    for (int query = 0; query < queries(); ++query) {
      const PlanCache::Known& plan = state.plan(query);
      solution.query_before.push_back(cache_.base_cost(query));
      solution.query_after.push_back(plan.cost);
      solution.query_used.push_back(cache_.candidates_of(query, plan.used));
    }
    solution.planner_calls = cache_.calls();
    solution.hit_limit = cache_.exhausted();
    return solution;
  }

  // Existing indexes that the new one covers and that no query misses.
  void replace_existing(SearchState& state, Step& step) {
    const CandidateIndex& wide = problem_.candidates[static_cast<std::size_t>(step.candidate)];
    for (std::size_t i = 0; i < problem_.candidates.size(); ++i) {
      const CandidateIndex& narrow = problem_.candidates[i];
      if (!narrow.existing || !narrow.droppable || !covers(wide, narrow)) continue;
      const int candidate = static_cast<int>(i);
      if (state.loss_without(candidate) > std::max(narrow.write_cost, problem_.min_gain * state.cost()))
        continue;
      state.hide(candidate);
      step.replaces.push_back(candidate);
    }
  }

  // Orders the steps: the best first, given those before.
  void rank(const SearchState& state, std::vector<Step>& steps, Solution& solution) {
    SearchState ranked(problem_, cache_);
    ranked.set_least_saving(problem_.min_gain * state.cost());
    while (!steps.empty()) {
      std::size_t best = 0;
      double best_score = -std::numeric_limits<double>::infinity();
      for (std::size_t i = 0; i < steps.size(); ++i) {
        const Move move{{steps[i].candidate}, {}};
        const double value = score(ranked, move, ranked.gain(move, Pricing::pessimistic).value, budgeted());
        if (value > best_score) {
          best_score = value;
          best = i;
        }
      }
      Step step = steps[best];
      steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(best));
      ranked.apply({{step.candidate}, {}}, true);
      for (const int existing : step.replaces)
        ranked.hide(existing);
      step.cost_after = steps.empty() ? state.cost() : ranked.cost();
      solution.steps.push_back(step);
    }
  }

  static constexpr int kNoLimit = std::numeric_limits<int>::max();
  static constexpr int kAsksPerImprovement = 40;

  const Problem& problem_;
  PlanCache cache_;
  std::vector<int> kept_;  // new candidates that some plan used, ascending
};

}  // namespace

bool covers(const CandidateIndex& wide, const CandidateIndex& narrow) {
  if (wide.table != narrow.table || wide.family != narrow.family || wide.keys.size() < narrow.keys.size()) {
    return false;
  }
  if (!std::equal(narrow.keys.begin(), narrow.keys.end(), wide.keys.begin())) return false;
  return std::all_of(narrow.include.begin(), narrow.include.end(), [&](std::int32_t column) {
    return std::find(wide.include.begin(), wide.include.end(), column) != wide.include.end() ||
           std::any_of(wide.keys.begin(), wide.keys.end(),
                       [&](const KeyColumn& key) { return key.attno == column; });
  });
}

Solution search(const Problem& problem, const Planner& planner) {
  check(problem);
  return Search(problem, planner).run();
}

}  // namespace deal::index
