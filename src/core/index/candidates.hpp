/// From how queries use tables to the indexes worth asking the planner about.
#pragma once

#include <cstdint>
#include <vector>

#include "core/index/search.hpp"

namespace deal::index {

/// How a clause restricts a column.
enum class ClauseKind : std::uint8_t {
  equal,  ///< column = constant, parameter or outer expression; IS NULL; a boolean column
  list,   ///< column = ANY (...)
  range,  ///< <, <=, >, >=
  join,   ///< column = column of another table
  search  ///< whatever the clause's access method finds: @>, &&, @@, like '%...%', a block range of BRIN
};

/// One indexable clause of one table in one query.
struct Clause {
  std::int32_t attno = 0;
  ClauseKind kind = ClauseKind::equal;
  std::int32_t arm = 0;    ///< 0: ANDed with the rest; else the number of the OR arm it stands in
  double selectivity = 1;  ///< share of the table's rows that pass, as the planner thinks
  AccessMethod method = AccessMethod::btree;  ///< of the index that serves it; others than btree: `search`
  std::uint32_t opclass = 0;                  ///< that serves it, as in KeyColumn
  bool companion = false;  ///< a B-tree does it better, but a search by this method can take it along
};

/// Something that the use asks of the rows with constants only: what a partial index could be restricted to.
struct Condition {
  std::int32_t predicate = 0;         ///< the caller's number of it, > 0
  std::vector<std::int32_t> columns;  ///< that need no place in the key any more
};

/// One appearance of a table in one planned query level.
struct TableUse {
  std::int32_t query = 0;
  std::int32_t table = 0;
  double table_pages = 0;  ///< decides the block ranges of BRIN
  std::vector<Clause> clauses;
  std::vector<Condition> conditions;           ///< the most promising first
  std::vector<std::vector<KeyColumn>> orders;  ///< sort orders that would be useful, by their leading columns
  std::vector<std::int32_t> needed;            ///< columns the query reads, ascending; empty: unknown
  bool limited = false;                        ///< the query wants its first rows only
};

/// Limits of the generator.
struct CandidateLimits {
  int max_columns = 4;     ///< of a key
  int per_use = 32;        ///< candidates that one use of one table proposes
  int covering_extra = 2;  ///< columns that a covering key may add to the search columns
  int include_extra = 4;   ///< columns that INCLUDE may add where the key may not
  int per_condition = 8;   ///< partial indexes that one condition of one use proposes
};

/// The generated candidates (sizes and write costs still to be filled) and, for each query,
/// the relevant ones with the most promising first.
struct Proposals {
  std::vector<CandidateIndex> candidates;
  std::vector<std::vector<int>> relevant;
};

/// Proposes indexes for the uses. B-trees: each use's equality columns in the order most selective first,
/// then one range, or the wanted sort order; the sort order alone; join columns alone, before and behind the
/// equality columns; each OR arm; every pair led by a searchable column; single columns; and what covers all
/// columns read, as keys or by INCLUDE. Other methods: one index for each clause that they serve, and one GIN
/// for all of its clauses, and each together with the companions that its method can take along. An equality
/// that more than half of the rows pass is no part of a key. Partial indexes: the best of these restricted to
/// each condition. The same index proposed by several uses is one candidate, relevant to every query that
/// could search it. Deterministic.
Proposals propose(const std::vector<TableUse>& uses, int queries, const CandidateLimits& limits);

}  // namespace deal::index
