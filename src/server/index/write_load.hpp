/// What the workload writes, as the search charges it.
#pragma once

#include <functional>

#include "server/index/statements.hpp"
#include "server/index/tables.hpp"

namespace deal::server {

/// True when the statement changes what such an index holds: a key, an included column, or what its
/// expressions and predicate read.
bool changes_entries(const index::CandidateIndex& index, const WriteProfile& writes, const Vocabulary& words);

/// Cost of the new entries of one row, in the planner's unit: those of a B-tree, of the share of the rows
/// that a partial index holds; of GIN as many as a row has keys, cheaper for being put in together from the
/// pending list; of BRIN next to nothing.
double entry_cost(index::AccessMethod method, const index::SizeEstimate& size, double table_rows);

/// Given a table's number and what a statement writes into it: the candidates, ascending, that would keep the
/// update from being heap-only.
using BreakersOf = std::function<std::vector<int>(int32_t table, const WriteProfile& writes)>;

/// One load for each statement and table it writes to. `gone`: indexes that go anyway.
std::vector<index::WriteLoad> write_loads(const AnalysedWorkload& workload,
                                          const std::vector<IndexedTable>& tables,
                                          const std::vector<Oid>& gone, const BreakersOf& breakers_of);

/// What one entry for each row of the table that is written and isn't heap-only costs the workload.
double upkeep_today(const std::vector<index::WriteLoad>& loads, int32_t table);

}  // namespace deal::server
