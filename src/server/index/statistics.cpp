#include "server/index/statistics.hpp"

#include <algorithm>
#include <cmath>

#include "server/bridge/time_limit.hpp"
#include "server/index/analyze.hpp"
#include "server/index/row_expressions.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "utils/memutils.h"
}

namespace deal::server {

namespace {

constexpr int kWholeLeaves = 8;   ///< so many leaves are sampled like tables, more of them share the effort
constexpr int kFewestRows = 300;  ///< of a leaf

/// Expression columns of an index: where they stand and what they are.
struct ExpressionColumn {
  int column;
  Node* expression;
  Oid collation;
};

std::vector<ExpressionColumn> expression_columns(const Hypothetical& index) {
  std::vector<ExpressionColumn> found;
  for (int i = 0; i < index.keys; ++i)
    if (index.attnos[i] == 0)
      found.push_back({i, static_cast<Node*>(list_nth(index.expressions, static_cast<int>(found.size()))),
                       index.collations[i]});
  return found;
}

HeapTuple* no_statistics(const Hypothetical& index) {
  return pg::call([&] {
    return static_cast<HeapTuple*>(palloc0(sizeof(HeapTuple) * static_cast<size_t>(index.columns)));
  });
}

/// The sampled rows that the index would hold.
std::vector<HeapTuple> indexed_rows(const Hypothetical& index, const RowSample& sample) {
  std::vector<HeapTuple> rows(sample.rows(), sample.rows() + sample.count());
  if (index.predicate == NIL) return rows;
  Evaluation const meets = pg::call([&] {
    return evaluate(index.table, sample.rows(), sample.count(), make_ands_explicit(index.predicate));
  });
  size_t kept = 0;
  for (size_t row = 0; row < rows.size(); ++row)
    if (!meets.nulls[row] && DatumGetBool(meets.values[row])) rows[kept++] = rows[row];
  rows.resize(kept);
  return rows;
}

}  // namespace

RowSample& ExpressionStatistics::sample_of(Oid table, int target_rows) {
  auto& slot = samples_[table];
  if (slot == nullptr) slot = std::make_unique<RowSample>(table, target_rows);
  return *slot;
}

/// The statistics, if those of every expression are known; else null.
HeapTuple* ExpressionStatistics::recall(const Hypothetical& index) const {
  auto const known = known_.find(index.table);
  if (known == known_.end()) return nullptr;
  HeapTuple* const all = no_statistics(index);
  for (auto const& wanted : expression_columns(index)) {
    auto const found = std::find_if(known->second.begin(), known->second.end(), [&](const Known& one) {
      return one.collation == wanted.collation && pg::call([&] {
               return equal(one.expression, wanted.expression) && equal(one.predicate, index.predicate);
             });
    });
    if (found == known->second.end()) return nullptr;
    all[wanted.column] = found->statistics;
  }
  return all;
}

HeapTuple* ExpressionStatistics::gather(const Hypothetical& index, int target_rows) {
  HeapTuple* const recalled = recall(index);
  if (recalled != nullptr) return recalled;
  HeapTuple* const all = no_statistics(index);
  MemoryContext const keep = CurrentMemoryContext;
  RowSample const& sample = sample_of(index.table, target_rows);
  pg::Memory const memory("deal_advisor expression statistics");
  pg::InContext const in_memory(memory.context());
  DefinitionScope const scope(index.table);
  std::vector<HeapTuple> rows = indexed_rows(index, sample);
  int const count = static_cast<int>(rows.size());
  double const total = sample.count() > 0 ? std::ceil(sample.table_rows() * count / sample.count()) : 0;
  HeapTuple* const tuples = rows.data();
  for (auto const& one : expression_columns(index)) {
    HeapTuple const statistics = pg::call([&] {
      Evaluation const result = evaluate(index.table, tuples, count, reinterpret_cast<Expr*>(one.expression));
      return analyze_values({one.expression, one.collation, result.values, result.nulls, count, total}, keep);
    });
    all[one.column] = statistics;
    known_[index.table].push_back({one.expression, index.predicate, one.collation, statistics});
  }
  return all;
}

int ExpressionStatistics::rows_of(Oid table) const {
  return std::min(most_rows_, pg::call([&] { return analyzed_rows(table); }));
}

void ExpressionStatistics::attach(Hypothetical& index) {
  if (index.expressions == NIL) return;
  double const start = pg::cpu_seconds();
  bool const may_read_all = may_read(index);  // reading through the parent asks for no right to the leaves
  if (index.leaves == nullptr && may_read_all && has_rows(index.table))
    index.statistics = gather(index, rows_of(index.table));
  for (int i = 0; index.leaves != nullptr && i < index.leaf_count; ++i) {
    Hypothetical const leaf = on_leaf(index, index.leaves[i].relation);
    if (!has_rows(leaf.table) || !(may_read_all || may_read(leaf))) continue;
    int const rows = rows_of(leaf.table);
    int const share = index.leaf_count > kWholeLeaves ? rows / index.leaf_count * kWholeLeaves : rows;
    index.leaves[i].statistics = gather(leaf, std::clamp(share, std::min(kFewestRows, rows), rows));
  }
  cpu_seconds_ += pg::cpu_seconds() - start;
}

}  // namespace deal::server
