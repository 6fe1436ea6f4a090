#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/index/plan_cache.hpp"
#include "core/index/refunds.hpp"
#include "core/index/search.hpp"
#include "core/index/write_cost.hpp"

namespace deal::index {

/// Which costs to ask the planner for.
enum class Ask {
  nothing,
  unpriced,  ///< those that depend on candidates which plans priced anew say nothing of
  unsure     ///< all that are only inferred from bounds
};

/// A change of the selection: new candidates come in, chosen ones go out.
struct Move {
  std::vector<int> add;
  std::vector<int> remove;
};

/// How to price a set that the planner wasn't asked about.
enum class Pricing {
  pessimistic,  ///< by the cheapest known plan that it allows: never too low, as far as the planner is
                ///< monotone
  hopeful  ///< as low as the known plans and the candidates' past savings leave room for; half as low where
           ///< plans priced anew tell
};

/// What a move would bring.
struct Gain {
  double value = 0;       ///< weighted saving less the write cost and the least saving asked of each index
  int unsure_query = -1;  ///< the query whose cost would tell most; -1 if all costs are known well enough
};

/// A selection of candidates with what every query costs under it. Existing candidates are always in.
/// Copies are cheap and share the plan cache.
class SearchState {
 public:
  /// Starts with nothing chosen. The base plans must be in the cache. All three must outlive the state.
  SearchState(const Problem& problem, PlanCache& cache, const Refunds& refunds);

  const std::vector<int>& chosen() const { return chosen_; }
  bool contains(int candidate) const { return in_[static_cast<std::size_t>(candidate)] != 0; }
  /// Bytes of the selection, less what it gives back under a net budget.
  std::int64_t bytes() const { return bytes_; }
  /// Weighted cost of the queries.
  double cost() const { return cost_; }
  /// The same as the planner says it, with what it charges for no work.
  double planner_cost() const { return cost_ + overcharge_; }
  /// cost() plus write cost and least saving of every chosen index: what the search minimises.
  double objective() const { return cost_ + upkeep_ + bill_.charge(); }
  /// What the writes cost more than today, without what the search adds for its own ends.
  double write_cost() const;
  /// The query's candidates that are in, and its cost and what its plan uses.
  CandidateSet set(int query) const { return sets_[static_cast<std::size_t>(query)]; }
  const PlanCache::Known& plan(int query) const { return plans_[static_cast<std::size_t>(query)]; }

  /// What every chosen index must save at least, in weighted cost.
  void set_least_saving(double saving);

  /// Bytes of the selection after the move.
  std::int64_t bytes_after(const Move& move) const;
  /// Bytes of these alone, less what they give back.
  std::int64_t net_bytes(const std::vector<int>& chosen) const { return refunds_->net_bytes(chosen); }
  bool fits(const Move& move) const { return bytes_after(move) <= problem_->budget_bytes; }

  /// True if plans priced anew say well enough what the query costs under the set: the planner has priced
  /// every access to its candidates.
  bool trusted(int query, CandidateSet set) const;

  /// Prices a move with what is known. With hopeful pricing `unsure_query` tells what to ask next.
  Gain gain(const Move& move, Pricing pricing);
  /// Asks the planner for the query's cost after the move and remembers what its one new candidate saves.
  void ask(const Move& move, int query);
  /// Makes the move.
  void apply(const Move& move, Ask ask);
  /// What the queries would lose, in weighted cost, if only this candidate were missing; asks the planner.
  double loss_without(int candidate);
  /// Takes an existing candidate away for good. The planner must have said what its queries cost without it.
  void hide(int candidate);
  bool hidden(int candidate) const { return hidden_[static_cast<std::size_t>(candidate)] != 0; }
  /// Asks the planner about every query whose cost under this selection is only inferred from bounds.
  void settle_all();
  /// Asks the planner about every query under exactly this selection.
  void verify_all();

 private:
  // What a candidate can save a query. Savings are taken to shrink as the selection grows; where two only
  // help together, moves that add both see to it.
  struct Saving {
    float most;  // no more than this, by the plans seen; there are many of these
    bool tried;  // seen alone on top of some selection
  };
  Saving& saving(int query, std::size_t place) {
    return savings_[first_saving_[static_cast<std::size_t>(query)] + place];
  }
  const Saving& saving(int query, std::size_t place) const {
    return savings_[first_saving_[static_cast<std::size_t>(query)] + place];
  }

  /// A query that a move concerns, and what of the move is among its members.
  struct Affected {
    int query;
    CandidateSet added;
    CandidateSet removed;
    bool matters;  // its cost may change
  };
  const std::vector<Affected>& affected(const Move& move);
  CandidateSet set_after(const Affected& entry) const {
    return (set(entry.query) & ~entry.removed) | entry.added;
  }
  double hopeful_cost(const Affected& entry, const Move& move, double lower, double upper) const;
  CandidateSet rivals(int query, int candidate) const;
  void settle(int query, Ask ask);
  void set_plan(int query, const PlanCache::Known& known);
  double upkeep_of(int candidate) const;
  std::int64_t given_back_by(const Move& move) const;
  bool gives_back(int candidate, int existing) const;
  double tolerance() const { return 1e-4 * cost_; }

  const Problem* problem_;
  PlanCache* cache_;
  const Refunds* refunds_;
  WriteBill bill_;
  std::vector<char> in_;
  std::vector<char> hidden_;
  std::vector<int> chosen_;  // in the order they came
  std::int64_t bytes_ = 0;
  std::vector<int> covered_by_;  // existing candidates: how many of the chosen give their bytes back
  double cost_ = 0;
  double overcharge_ = 0;
  double upkeep_ = 0;
  double least_saving_ = 0;
  double per_byte_ = 0;
  std::vector<CandidateSet> sets_;
  std::vector<PlanCache::Known> plans_;
  std::vector<Saving> savings_;              // of every member of every query
  std::vector<std::uint32_t> first_saving_;  // per query
  std::vector<Affected> affected_;           // scratch
  std::vector<std::pair<int, int>> stamps_;  // per query: of which move it is in affected_, and where
  int stamp_ = 0;
};

}  // namespace deal::index
