#include "server/index/table_sample.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/index/size.hpp"
#include "server/index/row_expressions.hpp"

extern "C" {
#include "access/itup.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

constexpr size_t kCountedSets = 4;  ///< kept per table; each may take a megabyte
constexpr size_t kRowsPerKey = 8;   ///< at most, if one row of each is to tell how wide its entries are

uint64_t with_column(uint64_t hash, const StoredColumn& column, size_t row) {
  return (hash * 0x9E3779B97F4A7C15ull) ^ column.hash[row];
}

}  // namespace

TableSample::TableSample(Oid table, int target_rows) : table_(table), memory_("deal_advisor table sample") {
  pg::InContext const in_memory(memory_.context());
  BlockSample const raw = sample_blocks(table, target_rows, columns_);
  rows_ = raw.rows;
  row_count_ = raw.count;
  values_ = raw.values;
  nulls_ = raw.nulls;
  column_count_ = raw.columns;
  table_blocks_ = raw.table_blocks;
  sampled_blocks_ = raw.sampled_blocks;
  if (raw.sampled_blocks > 0)
    table_rows_ = std::llround(static_cast<double>(raw.count) / raw.sampled_blocks * raw.table_blocks);
  blocks_.reserve(static_cast<size_t>(row_count_));
  all_rows_.resize(static_cast<size_t>(row_count_));
  for (int row = 0; row < row_count_; ++row) {
    blocks_.push_back(ItemPointerGetBlockNumber(&raw.rows[row]->t_self));
    all_rows_[static_cast<size_t>(row)].block = blocks_.back();
  }
}

const StoredColumn& TableSample::column(AttrNumber attno) {
  auto const found = columns_.find(attno);
  if (found != columns_.end()) return found->second;
  Oid const type = pg::call([&] { return get_atttype(table_, attno); });
  auto made = store(values_ + (attno - 1), nulls_ + (attno - 1), row_count_, column_count_, type);
  return columns_.emplace(attno, std::move(made)).first->second;
}

template <class Result, class Compute>
const Result& TableSample::computed_once(std::list<Computed<Result>>& known, Node* source,
                                         Compute&& compute) {
  auto const found = std::find_if(known.begin(), known.end(), [&](const Computed<Result>& one) {
    return pg::call([&] { return equal(one.source, source); });
  });
  if (found != known.end()) return found->result;
  Result result = compute();
  pg::InContext const in_memory(memory_.context());
  auto* const copy = pg::call([&] { return static_cast<Node*>(copyObjectImpl(source)); });
  return known.emplace_back(Computed<Result>{copy, std::move(result)}).result;
}

const StoredColumn& TableSample::expression(const Hypothetical& index, int number) {
  if (number < 0 || number >= list_length(index.expressions))
    throw Error("XX000", "an index column has neither a number nor an expression");
  auto* const tree = static_cast<Expr*>(list_nth(index.expressions, number));
  return computed_once(expressions_, reinterpret_cast<Node*>(tree), [&] { return store_expression(tree); });
}

StoredColumn TableSample::store_expression(Expr* expression) const {
  pg::Memory const memory("deal_advisor sampled expression");
  pg::InContext const in_memory(memory.context());
  DefinitionScope const scope(table_);
  Evaluation const result =
      pg::call([&] { return evaluate(table_, static_cast<HeapTuple*>(rows_), row_count_, expression); });
  Oid const type = pg::call([&] { return exprType(reinterpret_cast<Node*>(expression)); });
  return store(result.values, result.nulls, row_count_, 1, type);
}

const std::vector<bool>& TableSample::predicate_rows(const Hypothetical& index) {
  return computed_once(predicates_, reinterpret_cast<Node*>(index.predicate),
                       [&] { return evaluate_predicate(index.predicate); });
}

std::vector<bool> TableSample::evaluate_predicate(List* predicate) const {
  std::vector<bool> kept(static_cast<size_t>(row_count_), true);
  if (predicate == NIL) return kept;
  pg::Memory const memory("deal_advisor sampled predicate");
  pg::InContext const in_memory(memory.context());
  DefinitionScope const scope(table_);
  Evaluation const result = pg::call([&] {
    return evaluate(table_, static_cast<HeapTuple*>(rows_), row_count_, make_ands_explicit(predicate));
  });
  for (int row = 0; row < row_count_; ++row)
    kept[static_cast<size_t>(row)] = !result.nulls[row] && DatumGetBool(result.values[row]);
  return kept;
}

BlockNumber TableSample::block_of(int row) const {
  return blocks_[static_cast<size_t>(row)];
}

SampledValues TableSample::values_of(const Hypothetical& index, int column) const {
  AttrNumber const attno = index.attnos[column];
  if (attno != 0)
    return {values_ + (attno - 1), nulls_ + (attno - 1), column_count_,
            pg::call([&] { return get_atttype(table_, attno); })};
  auto const number = std::count(index.attnos, index.attnos + column, 0);
  DefinitionScope const scope(table_);
  return pg::call([&] {
    auto* const tree = static_cast<Expr*>(list_nth(index.expressions, static_cast<int>(number)));
    Evaluation const result = evaluate(table_, static_cast<HeapTuple*>(rows_), row_count_, tree);
    return SampledValues{result.values, result.nulls, 1, exprType(reinterpret_cast<Node*>(tree))};
  });
}

StoredColumn TableSample::stored_of(const Hypothetical& index, int number) {
  if (index.attnos[number] != 0) return column(index.attnos[number]);
  SampledValues const values = values_of(index, number);
  return store(values.values, values.nulls, row_count_, values.stride, values.type);
}

index::KeySample TableSample::key_sample(const Hypothetical& index) {
  std::vector<const StoredColumn*> stored;
  stored.reserve(static_cast<size_t>(index.columns));
  int expressions = 0;
  for (int i = 0; i < index.columns; ++i)
    stored.push_back(index.attnos[i] != 0 ? &column(index.attnos[i]) : &expression(index, expressions++));
  std::vector<bool> const& kept = predicate_rows(index);
  index::KeySample sample = without_rows(index.keys);
  sample.rows.reserve(static_cast<size_t>(row_count_));
  double leading_bytes = 0;
  for (size_t row = 0; row < kept.size(); ++row) {
    if (!kept[row]) continue;
    EntryBytes const bytes = entry_bytes(stored, row);
    index::SampledRow out{blocks_[row], bytes.all, 0, stored.front()->hash[row]};
    for (int i = 0; i < index.keys; ++i)
      out.key_hash = with_column(out.key_hash, *stored[static_cast<size_t>(i)], row);
    leading_bytes += bytes.leading;
    sample.rows.push_back(out);
  }
  if (!sample.rows.empty()) sample.leading_bytes = leading_bytes / static_cast<double>(sample.rows.size());
  return sample;
}

index::KeySample TableSample::without_rows(int key_columns) {
  index::KeySample sample;
  sample.table_rows = table_rows_;
  sample.sampled_rows = row_count_;
  sample.table_blocks = table_blocks_;
  sample.sampled_blocks = sampled_blocks_;
  sample.key_columns = key_columns;
  sample.shapes = &shapes_;
  return sample;
}

namespace {

/// The columns among an index's keys, ascending; expressions are left out.
std::vector<AttrNumber> key_columns(const Hypothetical& index) {
  std::vector<AttrNumber> attnos(index.attnos, index.attnos + index.keys);
  std::erase(attnos, 0);
  std::sort(attnos.begin(), attnos.end());
  return attnos;
}

}  // namespace

index::SizeEstimate TableSample::size(const Hypothetical& index, const index::BtreeShape& shape) {
  if (index.expressions == NIL && index.predicate == NIL) {
    CountedSet& set = counted_set(index);
    if (index.keys == index.columns || set.counted.keys.size() * kRowsPerKey >= blocks_.size())
      return size_of_columns(index, set, shape);
  }
  index::KeySample sample = key_sample(index);
  sample.unique = is_unique(key_columns(index));
  if (index.keys > 1 && index.predicate == NIL && index.attnos[0] != 0)
    sample.leading_distinct = leading_distinct(index.attnos[0]);
  return index::estimate_btree(sample, shape);
}

/// True if the columns (ascending) are known to tell all sampled rows apart, and so those of any predicate.
bool TableSample::is_unique(const std::vector<AttrNumber>& attnos) const {
  return std::any_of(unique_sets_.begin(), unique_sets_.end(), [&](auto const& set) {
    return std::includes(attnos.begin(), attnos.end(), set.begin(), set.end());
  });
}

/// Equal keys take equal room; of what an index includes, one row of each key tells how much it is on
/// average.
index::SizeEstimate TableSample::size_of_columns(const Hypothetical& index, CountedSet& set,
                                                 const index::BtreeShape& shape) {
  std::vector<const StoredColumn*> const stored =
      stored_columns({index.attnos, index.attnos + index.columns});
  bool const uniform =
      std::all_of(stored.begin(), stored.end(), [](auto const* values) { return values->uniform; });
  bool changed = !set.laid_out || set.shape.deduplicate != shape.deduplicate ||
                 set.shape.fillfactor != shape.fillfactor || set.shape.page_size != shape.page_size;
  double leading_bytes = 0;
  EntryBytes bytes{0, 0};
  for (index::SeenKey& key : set.counted.keys) {
    if (!uniform || &key == set.counted.keys.data()) bytes = entry_bytes(stored, key.first_row);
    changed = changed || key.bytes != bytes.all * key.rows;
    key.bytes = bytes.all * key.rows;
    leading_bytes += static_cast<double>(bytes.leading) * key.rows;
  }
  index::KeySample sample = without_rows(index.keys);
  if (set.counted.rows > 0) sample.leading_bytes = leading_bytes / static_cast<double>(set.counted.rows);
  if (index.keys > 1) sample.leading_distinct = leading_distinct(index.attnos[0]);
  if (changed) {
    set.laid = index::lay_out_keys(sample, set.counted, shape);
    set.shape = shape;
    set.laid_out = true;
  }
  index::SizeEstimate size = index::estimate_btree(sample, set.laid, shape);
  if (row_count_ > 0)
    for (auto const* values : stored)
      size.widest_entry = std::max<double>(size.widest_entry,
                                           sizeof(IndexTupleData) + entry_bytes(stored, values->widest).all);
  return size;
}

std::vector<const StoredColumn*> TableSample::stored_columns(const std::vector<AttrNumber>& attnos) {
  std::vector<const StoredColumn*> stored;
  stored.reserve(attnos.size());
  for (AttrNumber const attno : attnos)
    stored.push_back(&column(attno));
  return stored;
}

TableSample::CountedSet* TableSample::known_set(const std::vector<AttrNumber>& attnos) {
  auto const found = std::find_if(counted_.begin(), counted_.end(),
                                  [&](const CountedSet& set) { return set.attnos == attnos; });
  if (found == counted_.end()) return nullptr;
  counted_.splice(counted_.begin(), counted_, found);
  return &counted_.front();
}

TableSample::CountedSet& TableSample::counted_set(const Hypothetical& index) {
  std::vector<AttrNumber> attnos = key_columns(index);
  bool const unique = is_unique(attnos);
  if (unique) attnos.clear();
  if (CountedSet* const known = known_set(attnos); known != nullptr) return *known;
  index::KeySample sample = without_rows(index.keys);
  auto const stored = stored_columns(attnos);
  sample.rows = std::move(all_rows_);
  bool first = true;
  for (auto const* values : stored) {
    for (size_t row = 0; row < blocks_.size(); ++row)
      sample.rows[row].key_hash = with_column(first ? 0 : sample.rows[row].key_hash, *values, row);
    first = false;
  }
  if (counted_.size() >= kCountedSets) counted_.pop_back();
  CountedSet set;
  set.counted = index::count_keys(sample, unique ? index::KeyPart::kRow : index::KeyPart::kWhole);
  all_rows_ = std::move(sample.rows);
  if (!unique && set.counted.keys.size() == blocks_.size()) {
    unique_sets_.push_back(std::move(attnos));
    attnos.clear();
  }
  set.attnos = std::move(attnos);
  counted_.push_front(std::move(set));
  return counted_.front();
}

double TableSample::leading_distinct(AttrNumber attno) {
  auto const found = leading_distinct_.find(attno);
  if (found != leading_distinct_.end()) return found->second;
  auto const& values = column(attno);
  index::KeySample sample = without_rows(1);
  sample.rows.reserve(blocks_.size());
  for (size_t row = 0; row < blocks_.size(); ++row)
    sample.rows.push_back({blocks_[row], 0, 0, values.hash[row]});
  double const distinct =
      index::estimate_leading_distinct(sample, index::count_keys(sample, index::KeyPart::kLeading));
  leading_distinct_[attno] = distinct;
  return distinct;
}

}  // namespace deal::server
