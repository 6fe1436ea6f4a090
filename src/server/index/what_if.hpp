/// What-if planning in process: the server's own planner, parsed once, with indexes that do not exist and
/// without some that do. No EXPLAIN, no catalog entry, nothing another session could see.
#pragma once

#include "server/index/hypothetical.hpp"
#include "server/workload/prepare.hpp"

struct List;
struct Plan;
struct PlannedStmt;
struct PlannerInfo;
struct RelOptInfo;

namespace deal::server {

/// What the planner will know of a table once an index on it is built: CREATE INDEX counts its all-visible
/// pages anew, and the price of index-only scans follows.
struct FreshVisibility {
  Oid relation;
  double all_visible;  ///< share of its pages, 0 to 1
};

/// Which indexes a planner call sees besides the real ones, and which real ones it does not see.
struct IndexSet {
  std::span<Hypothetical* const> added;
  std::span<const Oid> hidden;
  std::span<const FreshVisibility> fresh = {};
  std::span<Hypothetical* const> analysed = {};  ///< real ones, `oid` says which, that have no statistics of
                                                 ///< their own yet: theirs are used
};

/// What the plan inserts, updates, deletes or merges in one table, at its top or in WITH.
struct PlannedWrite {
  Oid table;    ///< as named in the statement, not its partitions
  double rows;  ///< as the planner estimates
};

/// Where a plan reads a relation; see index::PlanLeaf for the fields of the same name.
struct PlannedLeaf {
  Oid index;     ///< 0: the table itself
  int relation;  ///< base relations by number as they were planned; -1: the plan can't do without the index
  double startup;
  double total;
  double least_times;
  double most_times;
  double least_share;
  double most_share;
  bool ordered;
};

/// What the planner answered.
struct PlanOutcome {
  double cost = 0;                     ///< total cost of the whole plan, in the planner's unit
  double overcharge = 0;               ///< part of it that stands for no work (heap_overcharge.hpp)
  std::vector<PlannedWrite> writes{};  ///< the top's last, since WITH comes first
  std::vector<Oid> used{};             ///< real and hypothetical indexes in the plan, ascending, each once
  std::vector<Oid> informing{};        ///< added ones whose statistics of an expression the planner went by
  std::vector<PlannedLeaf> leaves{};   ///< every use of an index is one of them
};

/// A table where a statement reads it.
struct VisitedTable {
  Oid oid;
  bool partition;  ///< only as a part of another, or of its parent
};

/// Called for every table of a query while it is planned, when its paths are known.
using RelationObserver = void (*)(void* state, PlannerInfo* root, RelOptInfo* rel, VisitedTable table);

/// The indexes that a part of a plan uses, appended to a list of their numbers.
void collect_used(Plan* plan, List*& used);

/// Installs the planner hooks, chained to those there; they do nothing outside the calls below.
void install_what_if_hooks();

/// Plans a prepared statement (NULL parameters: the generic plan). The caller holds the statement's scope and
/// locks. `observer`, if any, runs inside the planner and must own nothing.
PlanOutcome plan(const PreparedQuery& prepared, const IndexSet& indexes, RelationObserver observer = nullptr,
                 void* observer_state = nullptr);

/// The plan itself, in the current memory context, which must hold nothing else of the planner's. Rights and
/// locks as above.
PlannedStmt* planned_statement(const PreparedQuery& prepared, const IndexSet& indexes);

/// Raises 42501 unless the current role may run the statement: planning alone checks nothing.
void check_permissions(const PreparedQuery& prepared);

/// The plan as EXPLAIN's text, with costs. Checks permissions as executing would; executes nothing.
std::string explain(const PreparedQuery& prepared, const IndexSet& indexes);

}  // namespace deal::server
