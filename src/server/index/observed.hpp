/// What the planner is seen doing with one table, as plain data: the observer runs where the planner may
/// jump.
#pragma once

#include "core/index/candidates.hpp"
#include "server/index/vocabulary.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace deal::server {

inline constexpr int kMostClauses = 64;
inline constexpr int kMostConditions = 4;
inline constexpr int kMostOrders = 6;
inline constexpr int kMostOrderColumns = 8;

struct RawCondition {
  int32_t predicate;
  int column_count;
  int32_t columns[kMostConditions];
};

/// One use of one table.
struct RawUse {
  Oid relation;
  int clause_count;
  index::Clause clauses[kMostClauses];
  int arms;
  int condition_count;
  RawCondition conditions[kMostConditions];
  int order_count;
  int order_lengths[kMostOrders];
  index::KeyColumn orders[kMostOrders][kMostOrderColumns];
  Bitmapset* needed;  ///< attribute numbers; null when a whole row or system column is read
  bool limited;
};

/// The relation being observed.
struct Observed {
  PlannerInfo* root;
  RelOptInfo* rel;
  RawUse* use;
  Vocabulary* words;
};

// All of these run inside pg::call.

/// The column of the observed relation that the tree is, or the number of the expression over it that an
/// index could hold; 0 for anything else.
int32_t key_of(const Observed& seen, Node* node);

/// Adds the clause unless it is there or the table is full.
void add_clause(const Observed& seen, const index::Clause& clause);

/// Adds what serves `value operator other` by another method than B-tree; false when nothing does.
bool observe_access(const Observed& seen, Oid op, Node* value, Node* other, int arm, double selectivity,
                    bool ordering);

/// Adds the clauses that restrict or join the relation.
void observe_clauses(const Observed& seen);

/// Adds the constant conditions that a partial index could be restricted to.
void observe_conditions(const Observed& seen);

}  // namespace deal::server
