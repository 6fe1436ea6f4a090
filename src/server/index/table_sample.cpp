#include "server/index/table_sample.hpp"

#include <algorithm>
#include <functional>

#include "core/base/error.hpp"
#include "core/index/size.hpp"
#include "server/index/block_choice.hpp"
#include "server/index/heap_block.hpp"
#include "server/index/imported_sample.hpp"
#include "server/index/row_expressions.hpp"

extern "C" {
#include "access/detoast.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/itup.h"
#include "access/table.h"
#include "access/toast_compression.h"
#include "access/toast_internals.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"
}

namespace deal::server {

namespace {

constexpr uint32_t kSeed = 20250101;
constexpr int kMostRows = 200'000;
constexpr uint32_t kCompressAbove = 508;  ///< TOAST_INDEX_TARGET with 8 kB pages
constexpr size_t kCountedSets = 4;        ///< kept per table; each may take a megabyte
constexpr size_t kRowsPerKey = 8;         ///< at most, if one row of each is to tell how wide its entries are
constexpr int kMostCompressed = 300;      ///< values per column; their mean ratio stands for the rest

/// What reading blocks leaves behind.
struct RawSample {
  HeapTuple* rows;
  int count;
  int most;  ///< of which there is room
  BlockNumber table_blocks;
  BlockNumber sampled_blocks;
  Datum* values;
  bool* nulls;
  int columns;
};

/// Copies the visible rows of one block.
void read_block(Relation table, BlockNumber block, BufferAccessStrategy strategy, Snapshot snapshot,
                RawSample& sample) {
  for_each_visible_row(table, block, strategy, snapshot, [&](HeapTuple tuple) {
    if (sample.count == sample.most) return;
    sample.rows[sample.count++] = heap_copytuple(tuple);
  });
  ++sample.sampled_blocks;
}

double density_of(Relation table) {
  auto const* const about = table->rd_rel;
  return about->reltuples > 0 && about->relpages > 0 ? double{about->reltuples} / about->relpages : 0;
}

void deform(Relation table, RawSample& sample) {
  TupleDesc const shape = RelationGetDescr(table);
  sample.columns = shape->natts;
  size_t const cells = static_cast<size_t>(sample.count) * static_cast<size_t>(shape->natts) + 1;
  sample.values = static_cast<Datum*>(MemoryContextAllocHuge(CurrentMemoryContext, cells * sizeof(Datum)));
  sample.nulls = static_cast<bool*>(MemoryContextAllocHuge(CurrentMemoryContext, cells * sizeof(bool)));
  for (int row = 0; row < sample.count; ++row) {
    size_t const at = static_cast<size_t>(row) * static_cast<size_t>(shape->natts);
    heap_deform_tuple(sample.rows[row], shape, sample.values + at, sample.nulls + at);
  }
}

RawSample read_sample(Oid oid, int target_rows) {
  RawSample sample{};
  Relation const table = open_readable(oid);
  sample.table_blocks = RelationGetNumberOfBlocks(table);
  double const wanted = blocks_holding(density_of(table), sample.table_blocks, target_rows);
  // The choice is by chance, and so is the number chosen.
  sample.most = static_cast<int>(std::fmin(kMostRows, (2 * wanted + 64) * MaxHeapTuplesPerPage));
  sample.rows = static_cast<HeapTuple*>(palloc(sizeof(HeapTuple) * static_cast<size_t>(sample.most + 1)));
  BlockChoice blocks(sample.table_blocks, wanted);
  BufferAccessStrategy const strategy = GetAccessStrategy(BAS_BULKREAD);
  Snapshot const snapshot = GetActiveSnapshot();
  while (sample.count < sample.most) {
    CHECK_FOR_INTERRUPTS();
    BlockNumber const block = blocks.next();
    if (block == InvalidBlockNumber) break;
    read_block(table, block, strategy, snapshot, sample);
  }
  FreeAccessStrategy(strategy);
  deform(table, sample);
  table_close(table, NoLock);
  return sample;
}

/// The sample that was exported with the table's figures; `stored` gets what is known of its columns.
RawSample import_sample(Oid oid, int target_rows, std::map<AttrNumber, StoredColumn>& stored) {
  ImportedBlocks exported = imported_blocks(oid, target_rows);
  stored = std::move(exported.columns);
  RawSample sample{};
  sample.rows = exported.rows;
  sample.count = exported.count;
  sample.table_blocks = exported.table_blocks;
  sample.sampled_blocks = exported.sampled_blocks;
  pg::call([&] {
    Relation const table = table_open(oid, AccessShareLock);
    deform(table, sample);
    table_close(table, NoLock);
  });
  return sample;
}

/// How the server's index_form_tuple stores values of one type.
struct StorageRule {
  Oid type;
  int16 length;
  bool by_value;
  char align;
  bool compressible;
};

StorageRule storage_rule(Oid type) {
  char const storage = get_typstorage(type);
  StorageRule rule{type, 0, false, 'i', storage == TYPSTORAGE_EXTENDED || storage == TYPSTORAGE_MAIN};
  get_typlenbyvalalign(type, &rule.length, &rule.by_value, &rule.align);
  return rule;
}

uint8_t align_bytes(char align) {
  switch (align) {
    case TYPALIGN_CHAR:
      return 1;
    case TYPALIGN_SHORT:
      return 2;
    case TYPALIGN_INT:
      return 4;
    default:
      return 8;
  }
}

uint64_t hash_bytes_of(const void* bytes, size_t length) {
  return hash_bytes_extended(static_cast<const unsigned char*>(bytes), static_cast<int>(length), kSeed);
}

/// How well the long values of one column compress.
struct Compression {
  int values = 0;
  double ratios = 0;
};

/// Size of a long value as index_form_tuple would store it: it compresses what the table keeps as it is.
uint32_t compressed_size(Datum value, uint32_t size, Compression& seen) {
  if (seen.values < kMostCompressed) {
    uint32_t const now = pg::call([&] {
      Datum const packed = toast_compress_datum(value, InvalidCompressionMethod);
      if (DatumGetPointer(packed) == nullptr) return size;
      auto const bytes = static_cast<uint32_t>(VARSIZE(DatumGetPointer(packed)));
      pfree(DatumGetPointer(packed));
      return bytes;
    });
    ++seen.values;
    seen.ratios += static_cast<double>(now) / size;
    return now;
  }
  return static_cast<uint32_t>(size * seen.ratios / seen.values);
}

void append_varlena(StoredColumn& column, Datum value, const StorageRule& rule, Compression& seen) {
  auto* const bytes = reinterpret_cast<varlena*>(DatumGetPointer(value));
  uint32_t size = 0;
  uint8_t alignment = 1;
  if (VARATT_IS_EXTERNAL_ONDISK(bytes)) {
    varatt_external pointer;
    VARATT_EXTERNAL_GET_POINTER(pointer, bytes);
    size = static_cast<uint32_t>(VARATT_EXTERNAL_GET_EXTSIZE(pointer)) + VARHDRSZ;
    alignment = align_bytes(rule.align);
  } else if (VARATT_IS_1B(bytes)) {
    size = VARSIZE_1B(bytes);
  } else if (VARATT_CAN_MAKE_SHORT(bytes)) {
    size = VARATT_CONVERTED_SHORT_SIZE(bytes);
  } else {
    size = static_cast<uint32_t>(VARSIZE_ANY(bytes));
    if (size > kCompressAbove && rule.compressible && !VARATT_IS_EXTENDED(bytes))
      size = compressed_size(value, size, seen);
    alignment = align_bytes(rule.align);
  }
  column.size.push_back(size);
  column.align.push_back(alignment);
  // The header differs between stored and computed values: hash what follows it.
  column.hash.push_back(VARATT_IS_EXTERNAL(bytes)
                            ? hash_bytes_of(bytes, VARSIZE_ANY(bytes))
                            : hash_bytes_of(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)));
}

void append_value(StoredColumn& column, Datum value, bool null, const StorageRule& rule, Compression& seen) {
  if (null) {
    column.hash.push_back(kNullHash);
    column.size.push_back(0);
    column.align.push_back(0);
  } else if (rule.type == NAMEOID || rule.length == -2) {  // name_ops stores a C string
    char const* const text = DatumGetCString(value);
    auto const length = text != nullptr ? std::strlen(text) : 0;
    column.hash.push_back(hash_bytes_of(text, length));
    column.size.push_back(static_cast<uint32_t>(length + 1));
    column.align.push_back(1);
  } else if (rule.length == -1) {
    append_varlena(column, value, rule, seen);
  } else {
    auto const length = static_cast<size_t>(rule.length);
    column.hash.push_back(rule.by_value ? hash_bytes_of(&value, sizeof value)
                                        : hash_bytes_of(DatumGetPointer(value), length));
    column.size.push_back(static_cast<uint32_t>(length));
    column.align.push_back(align_bytes(rule.align));
  }
}

}  // namespace

StoredColumn store(const Datum* values, const bool* nulls, int rows, int stride, Oid type) {
  StorageRule const rule = pg::call([&] { return storage_rule(type); });
  StoredColumn column;
  Compression seen;
  auto const count = static_cast<size_t>(rows);
  column.hash.reserve(count);
  column.size.reserve(count);
  column.align.reserve(count);
  for (int row = 0; row < rows; ++row) {
    auto const at = static_cast<ptrdiff_t>(row) * stride;
    append_value(column, values[at], nulls[at], rule, seen);
  }
  auto const same = [](auto const& list) {
    return std::adjacent_find(list.begin(), list.end(), std::not_equal_to<>{}) == list.end();
  };
  column.uniform = same(column.size) && same(column.align);
  if (rows > 0)
    column.widest =
        static_cast<size_t>(std::max_element(column.size.begin(), column.size.end()) - column.size.begin());
  return column;
}

namespace {

uint32_t aligned(uint32_t offset, uint8_t align) {
  return (offset + align - 1) / align * align;
}

/// Bytes of one row's index tuple after its header, as index_form_tuple lays it out.
struct EntryBytes {
  uint32_t all;
  uint32_t leading;  ///< up to the end of the first column
};

EntryBytes entry_bytes(const std::vector<const StoredColumn*>& columns, size_t row) {
  bool const has_null = std::any_of(columns.begin(), columns.end(),
                                    [row](auto const* column) { return column->align[row] == 0; });
  EntryBytes bytes{0, 0};
  if (has_null)
    bytes.all = MAXALIGN(sizeof(IndexTupleData) + sizeof(IndexAttributeBitMapData)) - sizeof(IndexTupleData);
  for (size_t i = 0; i < columns.size(); ++i) {
    auto const align = columns[i]->align[row];
    if (align != 0) bytes.all = aligned(bytes.all, align) + columns[i]->size[row];
    if (i == 0) bytes.leading = bytes.all;
  }
  return bytes;
}

uint64_t with_column(uint64_t hash, const StoredColumn& column, size_t row) {
  return (hash * 0x9E3779B97F4A7C15ull) ^ column.hash[row];
}

}  // namespace

TableSample::TableSample(Oid table, int target_rows) : table_(table), memory_("deal_advisor table sample") {
  pg::InContext const in_memory(memory_.context());
  RawSample const raw = has_imported_rows(table) ? import_sample(table, target_rows, columns_)
                                                 : pg::call([&] { return read_sample(table, target_rows); });
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
  for (int row = 0; row < row_count_; ++row)
    blocks_.push_back(ItemPointerGetBlockNumber(&raw.rows[row]->t_self));
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

index::SizeEstimate TableSample::size(const Hypothetical& index, const index::BtreeShape& shape) {
  if (index.expressions == NIL && index.predicate == NIL) {
    CountedSet& set = counted_set(index);
    if (index.keys == index.columns || set.counted.keys.size() * kRowsPerKey >= blocks_.size())
      return size_of_columns(index, set, shape);
  }
  return index::estimate_btree(key_sample(index), shape);
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
  std::vector<AttrNumber> attnos(index.attnos, index.attnos + index.keys);
  std::sort(attnos.begin(), attnos.end());
  bool const unique = std::any_of(unique_sets_.begin(), unique_sets_.end(), [&](auto const& set) {
    return std::includes(attnos.begin(), attnos.end(), set.begin(), set.end());
  });
  if (unique) attnos.clear();
  if (CountedSet* const known = known_set(attnos); known != nullptr) return *known;
  index::KeySample sample = without_rows(index.keys);
  sample.rows.resize(blocks_.size());
  for (size_t row = 0; row < blocks_.size(); ++row)
    sample.rows[row].block = blocks_[row];
  for (auto const* values : stored_columns(attnos))
    for (size_t row = 0; row < blocks_.size(); ++row)
      sample.rows[row].key_hash = with_column(sample.rows[row].key_hash, *values, row);
  if (counted_.size() >= kCountedSets) counted_.pop_back();
  CountedSet set;
  set.counted = index::count_keys(sample, unique ? index::KeyPart::kRow : index::KeyPart::kWhole);
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

Relation open_readable(Oid oid) {
  Relation const table = table_open(oid, AccessShareLock);
  if (RecoveryInProgress() && !RelationIsPermanent(table))
    pg::fail_in_call(
        ERRCODE_FEATURE_NOT_SUPPORTED,
        psprintf("the unlogged table \"%s\" cannot be read during recovery", RelationGetRelationName(table)),
        "Ask on the primary.");
  return table;
}

bool is_heap(Oid table) {
  return pg::call([&] {
    Relation const relation = table_open(table, AccessShareLock);
    bool const heap = relation->rd_tableam == GetHeapamTableAmRoutine();
    table_close(relation, NoLock);
    return heap;
  });
}

bool may_read(const Hypothetical& index) {
  return pg::call([&] {
    Oid const table = index.table;
    if (check_enable_rls(table, InvalidOid, true) == RLS_ENABLED) return false;
    Oid const role = GetUserId();
    if (pg_class_aclcheck(table, role, ACL_SELECT) == ACLCHECK_OK) return true;
    if (index.expressions != NIL || index.predicate != NIL) return false;  // they may read any column
    for (int i = 0; i < index.columns; ++i)
      if (pg_attribute_aclcheck(table, index.attnos[i], role, ACL_SELECT) != ACLCHECK_OK) return false;
    return true;
  });
}

}  // namespace deal::server
