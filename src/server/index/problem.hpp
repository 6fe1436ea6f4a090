/// The search problem of one advice run: candidates with sizes and costs, and the planner as its oracle.
#pragma once

#include "core/index/ddl.hpp"
#include "server/index/advice.hpp"
#include "server/index/redundant.hpp"
#include "server/index/statements.hpp"
#include "server/index/statistics.hpp"

namespace deal::server {

/// Candidates, proposed and existing, and what stands behind each.
class SearchSpace {
 public:
  /// Proposes, sizes and prices candidates for the workload, as many as time allows; takes what its uses hold
  /// (of which relation and query each is stays there). Memory
  /// for the hypothetical indexes is the current context's.
  SearchSpace(const AdviceRequest& request, AnalysedWorkload& workload,
              const std::function<bool()>& out_of_time);

  index::Problem problem;

  /// One planner call for the search, as index::Planner says; the caller has the statement's scope open.
  /// `also_hidden`: existing indexes that it does not see either.
  index::QueryPlan plan(int query, const PreparedQuery& prepared, std::span<const int> available,
                        std::span<const Oid> also_hidden = {}) const;

  /// The query's candidates that exist today, ascending.
  std::vector<int> available_today(int query) const;
  /// And once the solution is built and what it replaces is gone.
  std::vector<int> available_after(const index::Solution& solution, int query) const;

  size_t proposed() const { return proposed_; }
  const IndexedTable& table_of(int candidate) const;
  /// The names in the candidate's SQL text.
  index::TableNames names_for(const index::CandidateIndex& candidate) const;
  const std::vector<IndexedTable>& tables() const { return registry_.tables(); }
  /// Uses with their table numbers set; those of tables left out are not there.
  const std::vector<index::TableUse>& uses() const { return uses_; }
  /// The existing index behind a candidate; null for proposed ones.
  const ExistingIndex* existing(int candidate) const;
  /// What the planner is told of a candidate; null for existing ones.
  const Hypothetical* hypothetical(int candidate) const;
  /// Existing indexes that go whatever the search says: it plans without them.
  const std::vector<RedundantIndex>& redundant() const { return redundant_; }
  /// Existing indexes without a scan for long.
  const std::vector<RedundantIndex>& unused() const { return unused_; }
  double sampling_cpu_seconds() const { return sizes_.cpu_seconds() + statistics_.cpu_seconds(); }
  bool without_sample() const { return sizes_.without_sample(); }

 private:
  void choose_sample(const AdviceRequest& request, size_t proposals);
  void collect_uses(const AdviceRequest& request, std::vector<ObservedUse>& observed);
  void find_redundant(const AdviceRequest& request);
  void add_existing(const std::vector<index::CandidateIndex>& proposed);
  std::vector<int> add_all(const std::vector<index::CandidateIndex>& proposed, const AdviceRequest& request,
                           const std::function<bool()>& out_of_time);
  void add_proposed(const index::CandidateIndex& candidate);
  index::CandidateIndex with_outliers_apart(const index::CandidateIndex& candidate);
  void add_sized(const index::CandidateIndex& proposed);
  void rank_relevant(const index::Proposals& proposals, const std::vector<int>& numbers);
  void set_budget(const AdviceRequest& request);
  void take_bases(const AnalysedWorkload& workload);
  bool is_affected(const IndexedTable& table) const;
  void price_writes(const AnalysedWorkload& workload);
  void price_drop(RedundantIndex& drop) const;
  bool is_useful(const index::CandidateIndex& candidate) const;
  std::vector<int> breakers(int32_t table, const WriteProfile& writes) const;
  double width_of(const index::CandidateIndex& candidate) const;
  index::QueryPlan as_answer(const PlanOutcome& outcome) const;
  Hypothetical* make_hypothetical(const index::CandidateIndex& candidate) const;

  const Vocabulary& words_;
  TableRegistry registry_;
  ExtentEstimator sizes_;
  ExpressionStatistics statistics_;
  bool hypopg_sizes_;
  std::vector<index::TableUse> uses_;
  std::vector<Hypothetical*> hypothetical_;     ///< by candidate number; null for existing ones
  std::vector<const ExistingIndex*> existing_;  ///< by candidate number; null for proposed ones
  std::map<Oid, int> by_oid_;
  std::vector<FreshVisibility> fresh_;
  std::vector<RedundantIndex> redundant_;
  std::vector<RedundantIndex> unused_;
  std::vector<Oid> always_hidden_;  ///< the redundant ones
  size_t proposed_ = 0;
};

}  // namespace deal::server
