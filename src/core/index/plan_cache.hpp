#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "core/base/random.hpp"
#include "core/index/dominance.hpp"
#include "core/index/repricing.hpp"
#include "core/index/search.hpp"

namespace deal::index {

/// A set of one query's candidates: bit i is the i-th of PlanCache::members.
using CandidateSet = std::uint64_t;

/// A query to which a candidate matters, and the candidate among its members.
struct QueryBit {
  int query;
  CandidateSet bit;
};

/// Everything the planner has said so far, and what follows from it.
///
/// A plan that uses U when S was there is the plan for every set between U and S. What it costs is an upper
/// bound for every set that contains U and a lower bound for every set within S, as far as the planner is
/// monotone. Where its leaves are known, the plan priced anew with what another set holds is an upper bound
/// for that.
class PlanCache {
 public:
  /// What is known of one query under one set.
  struct Known {
    CandidateSet used = 0;
    double cost = 0;        ///< without what QueryPlan::overcharge says
    double overcharge = 0;  ///< and that
  };

  /// One plan: the candidates there were, those that could have been there without a change, those used.
  struct Record {
    CandidateSet available;
    CandidateSet reach;
    CandidateSet used;
    double cost;
    double overcharge;
    QueryPlan plan;
    RepricedPlan repriced;
  };

  struct Bounds {
    const Record* exact = nullptr;  ///< the plan itself, if it follows from what was asked
    double upper = std::numeric_limits<double>::infinity();   ///< the cheapest plan known that the set allows
    CandidateSet used = 0;                                    ///< what that one uses
    double likely = std::numeric_limits<double>::infinity();  ///< the least that plans priced anew may cost
    double overcharge = 0;                                    ///< of that one; 0 if it was priced anew
    double lower = 0;  ///< of the dearest known plan of a set that contains this one, but not above `upper`
  };

  /// Both must outlive the cache.
  PlanCache(const Problem& problem, const Planner& planner);

  /// The query's candidates, at most 64: the existing ones first, then by the caller's order.
  const std::vector<int>& members(int query) const {
    return queries_[static_cast<std::size_t>(query)].members;
  }
  /// The bit of a candidate in the query's sets; 0 if it doesn't matter to the query.
  CandidateSet bit(int query, int candidate) const {
    return bit_in(queries_[static_cast<std::size_t>(query)], candidate);
  }
  /// Its position among the query's members; -1 if it doesn't matter to the query.
  int place_of(int query, int candidate) const {
    return place_in(queries_[static_cast<std::size_t>(query)], candidate);
  }
  /// All of the query's candidates.
  CandidateSet all(int query) const {
    const std::size_t size = members(query).size();
    return size == 64 ? ~CandidateSet{0} : (CandidateSet{1} << size) - 1;
  }
  /// The query's existing candidates.
  CandidateSet existing(int query) const { return queries_[static_cast<std::size_t>(query)].existing; }
  /// Queries to which the candidate matters, ascending.
  const std::vector<QueryBit>& queries_of(int candidate) const {
    return queries_of_[static_cast<std::size_t>(candidate)];
  }

  /// True if the plan for `set` follows from what was asked; fills `known`.
  bool find(int query, CandidateSet set, Known& known) const;
  /// Plans the query with its existing candidates only unless that is known, whatever the limits say: the
  /// search starts from there.
  void plan_base(int query);
  /// What the query costs with its existing candidates only.
  double base_cost(int query) const { return base(query).cost; }
  /// The same, as the planner says it.
  double planner_base_cost(int query) const { return base(query).cost + base(query).overcharge; }
  /// As find, and asks the planner if need be. Without calls left: the cheapest of the planner's own plans
  /// that the set allows.
  Known plan(int query, CandidateSet set);
  /// Asks the planner about this very set unless that was done before or no calls are left.
  Known plan_exactly(int query, CandidateSet set);

  /// What the query may cost under `set`, by all that is known.
  Bounds bounds(int query, CandidateSet set) const;
  /// The cheapest known plan that `set` allows, priced anew or not; of infinite cost if none is known.
  Known cheapest(int query, CandidateSet set) const;
  /// The same of plans that the planner made for its answer, none priced anew.
  Known cheapest_planned(int query, CandidateSet set) const;
  double upper(int query, CandidateSet set) const { return bounds(query, set).upper; }
  double lower(int query, CandidateSet set) const { return bounds(query, set).lower; }
  /// The candidate sets that the query's known plans use, each once, cheapest plan first.
  std::vector<CandidateSet> used_sets(int query) const;

  /// True if the planner's access costs say that the query never misses `narrow` where `wide` is; both matter
  /// to it.
  bool serves_as_well(int query, int wide, int narrow) const;
  /// True if they say that the query can't use the candidate.
  bool useless(int query, int candidate) const {
    return (queries_[static_cast<std::size_t>(query)].dominance.useless & bit(query, candidate)) != 0;
  }

  /// The candidates whose worth for the query plans priced anew tell: the planner priced every access to
  /// them, and the query's plans don't change their form with each of them.
  CandidateSet priced(int query) const {
    const Query& entry = queries_[static_cast<std::size_t>(query)];
    return entry.unlike ? 0 : entry.priced;
  }

  /// True if plans come with their leaves, so that they can be priced anew.
  bool tells_leaves() const { return tells_leaves_; }

  /// The candidates in a set of the query's, ascending.
  std::vector<int> candidates_of(int query, CandidateSet set) const;

  int calls() const { return calls_; }
  /// Sets how many calls may be made in all.
  void limit_calls(int calls) { limit_ = calls; }
  /// True once a call was refused for the limit or because the caller said stop: then only what is known
  /// counts.
  bool exhausted() const { return stopped_ || (refused_ && calls_ >= limit_); }

 private:
  /// Bounds by set: open addressing over positions in a vector, at most half of the slots taken. The search
  /// asks for them hundreds of thousands of times.
  class BoundsTable {
   public:
    const Bounds* find(CandidateSet set) const {
      if (slots_.empty()) return nullptr;
      const std::uint32_t slot = slots_[slot_of(set)];
      return slot == 0 ? nullptr : &entries_[slot - 1].second;
    }
    const Bounds& add(CandidateSet set, const Bounds& bounds) {
      entries_.emplace_back(set, bounds);
      if (2 * entries_.size() > slots_.size())
        grow();
      else
        slots_[slot_of(set)] = static_cast<std::uint32_t>(entries_.size());
      return entries_.back().second;
    }
    /// Gives the memory back: there is one of these for every query.
    void clear() { *this = {}; }

   private:
    std::size_t slot_of(CandidateSet set) const {
      std::size_t slot = mix64(set) & (slots_.size() - 1);
      while (slots_[slot] != 0 && entries_[slots_[slot] - 1].first != set)
        slot = (slot + 1) & (slots_.size() - 1);
      return slot;
    }
    void grow();

    std::vector<std::uint32_t> slots_;  // position + 1 in entries_, 0 if free
    std::vector<std::pair<CandidateSet, Bounds>> entries_;
  };

  struct Query {
    std::vector<int> members;
    std::vector<std::int16_t> slots;  // places by hash of the candidate, at most half of them taken; -1: free
    std::vector<int> always;          // existing candidates beyond the 64
    CandidateSet existing = 0;
    Dominance dominance;  // empty until the planner has told
    std::vector<AccessCost> accesses;
    CandidateSet priced = 0;
    bool unlike = false;  // some plan reads a relation only in part, or its cost has an overcharge
    std::vector<Record> records;
    mutable BoundsTable bounds;  // what was worked out since the last record
  };

  const Record& base(int query) const { return queries_[static_cast<std::size_t>(query)].records.front(); }
  static std::size_t slot_of(const Query& query, int candidate) {
    return (static_cast<std::uint32_t>(candidate) * 2654435769U >> 16) & (query.slots.size() - 1);
  }
  static int place_in(const Query& query, int candidate) {
    for (std::size_t slot = slot_of(query, candidate);; slot = (slot + 1) & (query.slots.size() - 1)) {
      const int place = query.slots[slot];
      if (place < 0 || query.members[static_cast<std::size_t>(place)] == candidate) return place;
    }
  }
  static CandidateSet bit_in(const Query& query, int candidate) {
    const int place = place_in(query, candidate);
    return place < 0 ? 0 : CandidateSet{1} << place;
  }
  static void fill_slots(Query& query);
  void choose_members(const Problem& problem, int query);
  const Record& ask(int query, CandidateSet set);
  const Record& record(int query, CandidateSet set, const QueryPlan& plan);
  const Record* exact_record(int query, CandidateSet set) const;
  static Bounds compute_bounds(const Query& query, CandidateSet set);
  static CandidateSet priced_by(const Query& query, const std::vector<AccessCost>& accesses);
  void learn(Query& query, std::vector<AccessCost> accesses, CandidateSet used);
  static CandidateSet reach_of(const Query& query, CandidateSet set);
  static CandidateSet stand_ins(const Query& query, CandidateSet used, CandidateSet set);

  const Problem& problem_;
  const Planner& planner_;
  std::vector<Query> queries_;
  std::vector<std::vector<QueryBit>> queries_of_;
  std::vector<int> available_;  // scratch
  int calls_ = 0;
  int limit_ = 0;
  bool refused_ = false;
  bool stopped_ = false;
  bool tells_leaves_ = false;
};

}  // namespace deal::index
