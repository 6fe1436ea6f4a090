#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace deal::index {

/// How an index finds rows.
enum class AccessMethod : std::uint8_t { btree, hash, brin, gin, gist, spgist };

/// The server's name of the method.
std::string_view name_of(AccessMethod method);
/// The method of that name, if it is one of these.
std::optional<AccessMethod> access_method(std::string_view name);

/// One key column of an index: an attribute number (> 0), or a number < 0 that the caller gave to an
/// expression.
struct KeyColumn {
  std::int32_t attno = 0;
  bool descending = false;
  bool nulls_first = false;
  std::uint32_t opclass = 0;  ///< 0: the type's default with the column's own collation; else a number that
                              ///< the caller gave to another choice

  bool operator==(const KeyColumn&) const = default;
};

/// An index that the search may build, or an existing one that it may build upon or replace.
struct CandidateIndex {
  std::int32_t table = 0;  ///< any number that names the table
  AccessMethod method = AccessMethod::btree;
  std::int32_t predicate = 0;        ///< 0: all rows; else a number that the caller gave to the predicate
  std::int32_t pages_per_range = 0;  ///< BRIN; 0: the server's default
  std::vector<KeyColumn> keys;
  std::vector<std::int32_t> include;
  std::int64_t bytes = 0;
  double write_cost = 0;   ///< what keeping it costs the workload, in the unit of weight x plan cost; apart
                           ///< from Problem::writes
  double entry_cost = 0;   ///< of one new entry in it, for Problem::writes
  bool existing = false;   ///< there already: part of the starting point, its bytes are not budgeted
  bool droppable = false;  ///< existing and may be replaced by a chosen index that covers it
};

/// In the place of a candidate: none.
constexpr int kNoCandidate = -1;
/// In the place of a relation: the access is part of another one, or else there to be compared with others.
constexpr int kOnlyCompared = -1;
/// In the place of a relation: stands for what the planner did not price, so that the candidate may be worth
/// more than its other accesses say.
constexpr int kNotPriced = -2;

/// One way to read a relation by one candidate, as the planner prices it.
struct AccessCost {
  int candidate = 0;  ///< kNoCandidate: the table itself, which is always there
  int place = 0;      ///< which relation of the query, and by what kind of path: only equal ones compare
  std::uint64_t needs = 0;  ///< relations that must be read before, as bits
  double startup = 0;
  double total = 0;
  std::vector<int> order{};      ///< of the rows, by the caller's numbers of sort keys
  int relation = kOnlyCompared;  ///< PlanLeaf names it by this number and about these costs
  double rows = 0;               ///< that one reading yields
};

/// A relation that a plan reads in one way which stands among the query's AccessCosts.
struct PlanLeaf {
  int candidate = 0;   ///< that it reads, or kNoCandidate
  int relation = -1;   ///< as in AccessCost; < 0: the plan can't do without the candidate
  double startup = 0;  ///< what one reading costs, as the access that it is
  double total = 0;
  double least_times = 1;  ///< how often the plan reads it, from ...
  double most_times = 1;   ///< ... to
  double least_share = 1;  ///< how much of what follows its start is read each time, from ...
  double most_share = 1;   ///< ... to; all of it unless something above ends early
  bool ordered = false;    ///< the plan may rely on the order of its rows
};

/// What the planner said about one query under one set of indexes.
struct QueryPlan {
  double cost = 0;        ///< finite
  std::vector<int> used;  ///< the candidates that the plan uses, or by whose statistics it was made; a subset
                          ///< of what was available
  /// How each available candidate could be read, if the planner told (once for each query is enough). One
  /// that isn't there is taken to be of no use to the query.
  std::vector<AccessCost> accesses{};
  /// Where the plan reads the candidates it uses, each use once, and relations without one; empty if the
  /// planner doesn't tell. Then the plan is taken to need all it uses.
  std::vector<PlanLeaf> leaves{};
  double overcharge = 0;  ///< part of `cost` that is known to stand for no work: the search weighs plans
                          ///< without it, what it reports has it
};

/// One planner call, the only expensive thing here: plans `query` as if exactly the candidates in `available`
/// (ascending) existed, besides indexes that are no candidates. Existing candidates not in `available` are
/// hidden.
using Planner = std::function<QueryPlan(int query, std::span<const int> available)>;

/// Rows of one table that the workload writes: each costs an entry in every index of the table, unless the
/// update is heap-only (HOT): that needs no entry anywhere, as long as no index holds a column it changes.
struct WriteLoad {
  std::int32_t table = 0;
  double rows = 0;            ///< in the whole workload, weighted
  double heap_only = 0;       ///< share of them that is heap-only today; 0 for inserts
  double entries_today = 0;   ///< what a row that isn't heap-only costs in the existing indexes
  std::vector<int> breakers;  ///< new candidates that hold a column the update changes, ascending
};

/// What to optimise. All sizes in bytes, all costs in the planner's unit times the query's weight.
struct Problem {
  std::vector<CandidateIndex> candidates;
  std::vector<double> weights;  ///< per query, > 0: how often it runs
  std::vector<std::vector<int>>
      relevant;  ///< per query: candidates that could matter, the most promising first, the
                 ///< existing ones of its tables included; only the first 64 are looked at
  std::vector<std::optional<QueryPlan>> bases;  ///< per query: its plan with the existing candidates only,
                                                ///< where that is known; may be empty
  std::vector<WriteLoad> writes;
  std::int64_t budget_bytes = std::numeric_limits<std::int64_t>::max();  ///< for the new indexes together
  bool net_budget = false;  ///< the bytes of existing indexes that the advice replaces may be spent again
  int max_planner_calls = 1500;
  int most_rejected = 0;    ///< near-winners to say something of; they may take twice as many planner calls
  double min_gain = 0.001;  ///< an index must save this share of the workload's cost to be chosen
  std::function<bool()> stop;  ///< asked now and then; true ends the search with the best set so far
};

/// One advised index.
struct Step {
  int candidate = 0;
  std::vector<int> replaces{};  ///< existing candidates that it makes superfluous
  double write_cost = 0;        ///< what keeping it costs the writes, given all earlier steps
  double cost_after =
      0;  ///< weighted cost of the workload (write cost apart) after this and all earlier steps
  double marginal_saving =
      0;  ///< what the workload would lose if only this index were missing from the final set
};

/// Why a candidate is not in the advice.
enum class RejectionCause : std::uint8_t {
  covered,     ///< an advised index begins with its key
  served,      ///< advised indexes serve its queries: on top of them it saves too little
  too_little,  ///< it saves less than min_gain, whatever else is there
  writes,      ///< keeping it costs the writes more than it saves
  heap_only,   ///< it would end heap-only updates, and is not worth that
  budget,      ///< it would save enough, but doesn't fit any more
  unused       ///< the planner leaves it aside even when it is the only new one
};

/// A candidate that was considered and is not in the advice. Savings are weighted and hold for what the
/// planner was asked: no less than this.
struct Rejection {
  int candidate = 0;
  RejectionCause cause = RejectionCause::unused;
  int other = -1;         ///< covered, served: the advised candidate that matters most
  double saving = 0;      ///< as the only new index
  double on_top = 0;      ///< beside the advised ones
  double write_cost = 0;  ///< what keeping it would cost the writes, beside the advised ones
};

/// The advice. Costs are the planner's own under the final set wherever the call limit allowed to ask.
struct Solution {
  std::vector<Step> steps;  ///< by saving per byte (without a budget: by saving), given the steps before
  double cost_before = 0;   ///< weighted
  double cost_after = 0;    ///< weighted, with every step done; the replaced indexes gone
  std::vector<double> query_before;  ///< per query, not weighted
  std::vector<double> query_after;
  std::vector<std::vector<int>> query_used;  ///< per query: the candidates its final plan uses
  std::vector<Rejection> rejected;           ///< by what they save alone; at most Problem::most_rejected
  int planner_calls = 0;
  bool hit_limit = false;  ///< the call or time limit cut the search short
};

/// Finds the set of indexes with the least weighted cost within the budget. Deterministic unless `stop` ends
/// it.
///
/// Method: plan every query with nothing and with everything, set aside what is used and plan again (this
/// finds the few candidates that matter); lazy greedy over single candidates and over the sets that plans use
/// together; then exchange, merge, shrink and drop moves on the costs learned, confirmed by the planner, and
/// again with what that taught; at last a real plan of every query and the loss without each index in turn.
/// Two things make few calls suffice: a plan that uses U out of S answers for every set between U and S, and
/// a plan whose leaves are known can be priced anew with other candidates at them (RepricedPlan). Such prices
/// only choose what to ask. The planner isn't monotone; what it said about a very set beats what was
/// inferred.
///
/// Throws Error 22023 if the problem contradicts itself (sizes differ, an index out of range, weight not >
/// 0). Whatever `planner` or the interrupt check throws passes through.
Solution search(const Problem& problem, const Planner& planner);

/// True if `wide` serves every search that `narrow` serves: same table, method and predicate, its keys begin
/// with narrow's (are narrow's, unless both are B-trees), and it carries narrow's included columns. Equal
/// indexes cover each other.
bool covers(const CandidateIndex& wide, const CandidateIndex& narrow);

}  // namespace deal::index
