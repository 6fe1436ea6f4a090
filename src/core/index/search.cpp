#include "core/index/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "core/base/error.hpp"
#include "core/base/interrupt.hpp"
#include "core/index/branch_and_bound.hpp"
#include "core/index/elimination.hpp"
#include "core/index/move_queue.hpp"
#include "core/index/moves.hpp"
#include "core/index/plan_cache.hpp"
#include "core/index/refunds.hpp"
#include "core/index/search_state.hpp"
#include "core/index/solution.hpp"

namespace deal::index {

namespace {

constexpr std::string_view kMethodNames[] = {"btree", "hash", "brin", "gin", "gist", "spgist"};

// A better set must be better by this share of the cost, else the search runs after noise.
constexpr double kWorthwhile = 1e-4;
// A partial index beside a whole one with the same key must save this share of the statements that use it.
constexpr double kTwinShare = 0.01;
constexpr int kMostPasses = 100;
constexpr int kVerifications = 3;

void check(const Problem& problem) {
  const char* wrong = nullptr;
  if (problem.weights.size() != problem.relevant.size()) wrong = "There are not as many weights as queries.";
  if (!problem.bases.empty() && problem.bases.size() != problem.weights.size())
    wrong = "There are not as many base plans as queries.";
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
    if (candidate.bytes < 0 || !(candidate.write_cost >= 0) || !(candidate.entry_cost >= 0))
      wrong = "A size or a write cost is negative.";
  }
  for (const WriteLoad& load : problem.writes) {
    if (!(load.rows >= 0) || !(load.entries_today >= 0) || !(load.heap_only >= 0 && load.heap_only <= 1))
      wrong = "A number of rows, a cost or a share of a write is out of range.";
  }
  if (wrong != nullptr) throw Error("22023", "invalid index search problem").detail(wrong);
}

class Search {
 public:
  Search(const Problem& problem, const Planner& planner)
      : problem_(problem), cache_(problem, planner), refunds_(problem) {}

  Solution run() {
    // What it takes to confirm the result and to say what each index is worth is kept back.
    const int reserve =
        std::min(static_cast<int>(problem_.relevant.size()) + 40, problem_.max_planner_calls / 5);
    const int limit = problem_.max_planner_calls - reserve;
    const int bases = static_cast<int>(problem_.relevant.size());
    cache_.limit_calls(std::max(bases, bases + (limit - bases) * 2 / 3));
    kept_ = eliminate(problem_, cache_);
    cache_.limit_calls(limit);
    bool cut = false;
    Solution solution;
    // What was to pay for the others but is missed when it goes gives no bytes back; then all anew, mostly
    // on what is known by now. Each round denies one at least.
    do {
      cache_.limit_calls(limit);
      SearchState state(problem_, cache_, refunds_);
      choose(state);
      cut = cut || cache_.exhausted();
      cache_.limit_calls(problem_.max_planner_calls);
      verify(state, !cut);
      drop_twins(state);
      solution = describe(problem_, cache_, refunds_, state);
    } while (!paid_for(solution));
    solution.planner_calls = cache_.calls();
    solution.hit_limit = cut || cache_.exhausted();
    return solution;
  }

 private:
  // Whether the budget holds with what the solution really replaces; if not, what it doesn't is denied.
  bool paid_for(const Solution& solution) {
    if (!problem_.net_budget) return true;
    std::vector<int> chosen;
    std::set<int> replaced;
    std::int64_t bytes = 0;
    for (const Step& step : solution.steps) {
      chosen.push_back(step.candidate);
      bytes += bytes_of(step.candidate);
      replaced.insert(step.replaces.begin(), step.replaces.end());
    }
    for (const int existing : replaced)
      bytes -= bytes_of(existing);
    if (bytes <= problem_.budget_bytes) return true;
    bool any = false;
    for (const int candidate : chosen) {
      const std::vector<int> promised = refunds_.of(candidate);
      for (const int existing : promised)
        any = (replaced.count(existing) == 0 && refunds_.deny(existing)) || any;
    }
    return !any;
  }

  const CandidateIndex& index_of(int candidate) const {
    return problem_.candidates[static_cast<std::size_t>(candidate)];
  }
  std::int64_t bytes_of(int candidate) const { return index_of(candidate).bytes; }

  bool budgeted() const { return budget_can_bind(problem_); }

  double least_gain(const SearchState& state) const { return kWorthwhile * state.cost(); }

  void greedy(SearchState& state, bool ask, bool per_byte, bool groups) {
    bool any = true;
    for (int pass = 0; pass < kMostPasses && any; ++pass) {
      any = false;
      state.set_least_saving(problem_.min_gain * state.cost());
      MoveQueue queue(state, ask ? Pricing::hopeful : Pricing::pessimistic, per_byte, least_gain(state));
      queue.add(additions(problem_, cache_, state, kept_, groups));
      int asks = kNoLimit;
      while (const std::optional<Move> move = queue.next(cache_, asks)) {
        any = true;
        state.apply(*move, ask ? Ask::unpriced : Ask::nothing);
        state.set_least_saving(problem_.min_gain * state.cost());
        for (const int candidate : move->add)
          queue.add(widenings(problem_, state, kept_, candidate));
      }
    }
  }

  // Makes the move if that proves better.
  bool try_move(SearchState& state, const Move& move, bool ask) {
    SearchState next = state;
    next.apply(move, ask ? Ask::unpriced : Ask::nothing);
    if (next.objective() >= state.objective() - least_gain(state) / 2) return false;
    state = std::move(next);
    return true;
  }

  // Exchanges until none helps: those that are better by what is known, then those that could be. Where plans
  // are priced anew there is little left to hope for that greedy() didn't ask about.
  void improve(SearchState& state, bool ask) {
    for (int pass = 0; pass < kMostPasses; ++pass) {
      bool any = false;
      int asks = 0;
      MoveQueue known(state, Pricing::pessimistic, false, least_gain(state));
      known.add(exchanges(problem_, cache_, state, kept_));
      while (const std::optional<Move> move = known.next(cache_, asks))
        any = try_move(state, *move, ask) || any;
      if (any) continue;
      if (!ask || cache_.tells_leaves() || cache_.calls() >= last_refining_call_) return;
      ask_without_each(state);
      asks = kAsksPerImprovement;
      MoveQueue hopeful(state, Pricing::hopeful, false, least_gain(state));
      hopeful.add(exchanges(problem_, cache_, state, kept_));
      const std::optional<Move> move = hopeful.next(cache_, asks);
      if (!move || !try_move(state, *move, true)) return;
    }
  }

  // What each chosen index is worth: exchanges and the final report need it.
  void ask_without_each(SearchState& state) {
    for (const int candidate : state.chosen()) {
      for (const auto& [query, bit] : cache_.queries_of(candidate)) {
        if ((state.plan(query).used & bit) != 0) cache_.plan(query, state.set(query) & ~bit);
      }
    }
  }

  // Plans every query with the final set; the planner isn't monotone, so that may change what is best.
  void verify(SearchState& state, bool ask) {
    state.verify_all();
    for (int round = 0; round < kVerifications; ++round) {
      SearchState next = state;
      improve(next, ask);
      if (next.chosen() == state.chosen()) return;
      next.verify_all();
      if (next.objective() >= state.objective() - least_gain(state) / 2) return;
      state = next;
    }
  }

  // What is best by what is known, confirmed by the planner, and again with what that taught, until it
  // teaches nothing.
  void refine(SearchState& state) {
    state.settle_all();
    for (int round = 0; round < kRounds; ++round) {
      const int calls = cache_.calls();
      SearchState changed = state;
      consider(state, changed);
      SearchState anew(problem_, cache_, refunds_);
      greedy(anew, false, budgeted(), false);
      consider(state, anew);
      if (cache_.calls() == calls) return;
    }
  }

  // A whole index that is there for its statistics of an expression makes a partial one with the same key
  // cheaper by next to nothing than itself; of such a pair the whole one does.
  void drop_twins(SearchState& state) {
    const std::vector<int> chosen = state.chosen();
    for (const int partial : chosen) {
      const bool twin = std::any_of(chosen.begin(), chosen.end(), [&](int whole) {
        CandidateIndex restricted = index_of(whole);
        restricted.predicate = index_of(partial).predicate;
        return index_of(whole).predicate == 0 && restricted.predicate != 0 &&
               covers(restricted, index_of(partial));
      });
      if (!twin) continue;
      double stake = 0;
      for (const auto& [query, bit] : cache_.queries_of(partial)) {
        const bool used = (state.plan(query).used & bit) != 0;
        if (used) stake += problem_.weights[static_cast<std::size_t>(query)] * state.plan(query).cost;
      }
      if (state.loss_without(partial) <= kTwinShare * stake) state.apply({{}, {partial}}, Ask::unsure);
    }
  }

  void choose(SearchState& state) {
    last_refining_call_ = kNoLimit;
    greedy(state, true, budgeted(), false);
    improve(state, true);
    refine(state);
    ask_without_each(state);
    refine(state);
    last_refining_call_ = cache_.calls() + static_cast<int>(problem_.relevant.size());
    // The other ways cost nothing as long as they only use what is known; the planner then confirms the
    // winner.
    for (const bool per_byte : {true, false}) {
      for (const bool groups : {true, false}) {
        SearchState other(problem_, cache_, refunds_);
        greedy(other, false, per_byte, groups);
        consider(state, other);
      }
    }
    SearchState from_above(problem_, cache_, refunds_);
    shrink(from_above, state);
    consider(state, from_above);
    while (shake(state))
      continue;
    search_all_sets(problem_, cache_, refunds_, kept_, kCallsForAllSets, state);
  }

  // Takes the other selection if it is better once the planner has confirmed it. What was no better once
  // isn't either until the planner has said more.
  bool consider(SearchState& state, SearchState& other) {
    if (known_calls_ != cache_.calls()) fruitless_.clear();
    known_calls_ = cache_.calls();
    std::vector<int> chosen = other.chosen();
    std::sort(chosen.begin(), chosen.end());
    if (!fruitless_.insert(std::move(chosen)).second) return false;
    return take_if_better(state, other);
  }

  bool take_if_better(SearchState& state, SearchState& other) {
    other.set_least_saving(problem_.min_gain * state.cost());
    state.set_least_saving(problem_.min_gain * state.cost());
    if (cache_.calls() >= last_refining_call_) return false;
    improve(other, false);
    if (other.objective() >= state.objective() - kWorthwhile * state.cost()) return false;
    other.settle_all();
    improve(other, true);
    other.settle_all();
    if (other.objective() >= state.objective() - kWorthwhile * state.cost()) return false;
    // Under a net budget leaving one out may take away more room than it leaves.
    if (other.bytes() > problem_.budget_bytes) return false;
    state = other;
    return true;
  }

  // From everything that any plan used down to the budget, the least useful byte first.
  void shrink(SearchState& from_above, const SearchState& reference) {
    if (kept_.size() > 200) return;  // quadratic
    from_above.set_least_saving(problem_.min_gain * reference.cost());
    from_above.apply({kept_, {}}, Ask::nothing);
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
      from_above.apply(drop, Ask::nothing);
    }
  }

  // Leaves out each chosen index in turn and fills the room anew.
  bool shake(SearchState& state) {
    const std::vector<int> chosen = state.chosen();
    if (chosen.size() > 100) return false;
    for (const int candidate : chosen) {
      poll_interrupts();
      SearchState other = state;
      other.apply({{}, {candidate}}, Ask::nothing);
      const std::vector<int> kept = kept_;
      std::erase(kept_, candidate);
      greedy(other, false, budgeted(), true);
      kept_ = kept;
      // What lost much is not worth an exchange of every pair: most of that leads back to where it came from.
      if (other.objective() > state.objective() + kMostLost * state.cost()) continue;
      if (consider(state, other)) return true;
    }
    return false;
  }

  static constexpr int kNoLimit = std::numeric_limits<int>::max();
  static constexpr int kRounds = 4;
  static constexpr double kMostLost = 0.002;
  static constexpr int kAsksPerImprovement = 40;
  static constexpr int kCallsForAllSets = 60;

  const Problem& problem_;
  PlanCache cache_;
  Refunds refunds_;
  int last_refining_call_ =
      0;                   // other ways are confirmed by so many calls, one for each query or little more
  std::vector<int> kept_;  // new candidates that some plan used, ascending
  std::set<std::vector<int>> fruitless_;  // selections considered since the planner was asked
  int known_calls_ = 0;
};

}  // namespace

std::string_view name_of(AccessMethod method) {
  return kMethodNames[static_cast<std::size_t>(method)];
}

std::optional<AccessMethod> access_method(std::string_view name) {
  const auto* const found = std::find(std::begin(kMethodNames), std::end(kMethodNames), name);
  if (found == std::end(kMethodNames)) return std::nullopt;
  return static_cast<AccessMethod>(found - std::begin(kMethodNames));
}

bool covers(const CandidateIndex& wide, const CandidateIndex& narrow) {
  if (wide.table != narrow.table || wide.method != narrow.method || wide.predicate != narrow.predicate ||
      wide.keys.size() < narrow.keys.size()) {
    return false;
  }
  if (wide.method != AccessMethod::btree && wide.keys.size() != narrow.keys.size()) return false;
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
