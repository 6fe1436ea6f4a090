#include "server/marketplace/ingest_tables.hpp"

#include "server/catalog/time_bounds.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "partitioning/partdesc.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

using Column = TableColumn;

constexpr Column kListingColumns[] = {{"tenant_id", INT8OID},
                                      {"id", INT8OID},
                                      {"product_id", INT8OID},
                                      {"deleted_at", TIMESTAMPTZOID},
                                      {"last_price_minor", INT8OID},
                                      {"list_price_minor", INT8OID},
                                      {"prev_price_minor", INT8OID},
                                      {"low_30_minor", INT8OID},
                                      {"low_90_minor", INT8OID},
                                      {"low_365_minor", INT8OID},
                                      {"low_all_minor", INT8OID},
                                      {"in_stock", BOOLOID},
                                      {"last_changed_at", TIMESTAMPTZOID},
                                      {"last_seen_at", TIMESTAMPTZOID}};
constexpr Column kProductColumns[] = {
    {"tenant_id", INT8OID}, {"id", INT8OID}, {"best_price_minor", INT8OID}, {"best_listing_id", INT8OID}};
constexpr Column kHistoryColumns[] = {{"tenant_id", INT8OID},          {"listing_id", INT8OID},
                                      {"observed_at", TIMESTAMPTZOID}, {"price_minor", INT8OID},
                                      {"list_price_minor", INT8OID},   {"source", InvalidOid}};
constexpr Column kDailyColumns[] = {
    {"tenant_id", INT8OID},  {"listing_id", INT8OID},    {"day", DATEOID}, {"min_minor", INT8OID},
    {"max_minor", INT8OID},  {"sum_minor", INT8OID},     {"n", INT4OID},   {"absent", INT4OID},
    {"last_minor", INT8OID}, {"last_at", TIMESTAMPTZOID}};
static_assert(std::size(kListingColumns) == listing_column::count);
static_assert(std::size(kProductColumns) == product_column::count);
static_assert(std::size(kHistoryColumns) == history_column::count);
static_assert(std::size(kDailyColumns) == day_column::count);
static_assert(IngestTable::kMostColumns >= listing_column::count);

bool fits(Form_pg_attribute attribute, const Column& wanted) {
  if (attribute->attisdropped || strcmp(NameStr(attribute->attname), wanted.name) != 0) return false;
  if (wanted.type == ANYARRAYOID) return OidIsValid(get_element_type(attribute->atttypid));
  return wanted.type == InvalidOid ? get_typtype(attribute->atttypid) == TYPTYPE_ENUM
                                   : getBaseType(attribute->atttypid) == wanted.type;
}

/// Opens a plain heap table; the primary key must be a B-tree on exactly the columns `key`.
bool open_heap(IngestTable& table, Oid oid, LOCKMODE lock, std::span<const Column> wanted, bool whole,
               std::span<const int> key) {
  table.relation = try_table_open(oid, lock);
  if (table.relation == nullptr) return false;
  if (table.relation->rd_rel->relkind != RELKIND_RELATION ||
      table.relation->rd_tableam != GetHeapamTableAmRoutine() ||
      !find_columns(table.relation, wanted, whole, table.columns))
    return false;
  list_free(RelationGetIndexList(table.relation));
  if (!OidIsValid(table.relation->rd_pkindex)) return false;
  table.key = index_open(table.relation->rd_pkindex, lock);
  if (table.key->rd_rel->relam != BTREE_AM_OID ||
      IndexRelationGetNumberOfKeyAttributes(table.key) != static_cast<int>(key.size()))
    return false;
  for (size_t i = 0; i < key.size(); ++i)
    if (table.key->rd_index->indkey.values[i] != table.columns[key[i]]) return false;
  return true;
}

constexpr int kListingKey[] = {listing_column::tenant, listing_column::id};
constexpr int kProductKey[] = {product_column::tenant, product_column::id};
constexpr int kHistoryKey[] = {history_column::tenant, history_column::listing, history_column::at};
constexpr int kDailyKey[] = {day_column::tenant, day_column::listing, day_column::day};

void prepare_writing(IngestTable& table) {
  table.target = pg::open_target(table.relation);
  table.written = MakeSingleTupleTableSlot(RelationGetDescr(table.relation), &TTSOpsHeapTuple);
}

/// True for a partition that can hold none of the rows we look for.
bool is_empty(Oid partition) {
  Relation const opened = try_table_open(partition, AccessShareLock);
  if (opened == nullptr) return true;
  bool const empty = opened->rd_rel->relkind == RELKIND_RELATION && RelationGetNumberOfBlocks(opened) == 0;
  table_close(opened, AccessShareLock);
  return empty;
}

bool list_leaves(IngestTables& tables) {
  PartitionKey const key = RelationGetPartitionKey(tables.history);
  if (key->strategy != PARTITION_STRATEGY_RANGE || key->partnatts != 1 || key->parttypid[0] != TIMESTAMPTZOID)
    return false;
  PartitionDesc const partitions = RelationGetPartitionDesc(tables.history, true);
  PartitionBoundInfo const bounds = partitions->boundinfo;
  if (bounds == nullptr) return false;
  // What a default partition holds may be of any time.
  if (bounds->default_index >= 0 && !is_empty(partitions->oids[bounds->default_index])) return false;
  tables.leaves =
      static_cast<HistoryLeaf*>(palloc0(sizeof(HistoryLeaf) * (static_cast<size_t>(bounds->ndatums) + 1)));
  for (int i = 0; i <= bounds->ndatums; ++i) {
    int const index = bounds->indexes[i];
    if (index < 0 || index == bounds->default_index) continue;
    if (!partitions->is_leaf[index]) return false;
    HistoryLeaf& leaf = tables.leaves[tables.leaf_count++];
    leaf.relation = partitions->oids[index];
    leaf.lower = i > 0 ? time_bound(bounds, i - 1) : DT_NOBEGIN;
    leaf.upper = i < bounds->ndatums ? time_bound(bounds, i) : DT_NOEND;
    // Before anybody looks whether something stands in the way there.
    if (leaf.lower <= tables.last_at && leaf.upper > tables.first_at)
      LockRelationOid(leaf.relation, RowExclusiveLock);
  }
  return tables.leaf_count > 0;
}

bool open_all(IngestTables& tables) {
  if (!open_heap(tables.listings, tables.listings_oid, RowExclusiveLock, kListingColumns, false, kListingKey))
    return false;
  if (!open_history(tables, RowExclusiveLock)) return false;
  if (!open_heap(tables.daily, tables.daily_oid, RowExclusiveLock, kDailyColumns, true, kDailyKey) ||
      !open_heap(tables.products, tables.products_oid, RowShareLock, kProductColumns, false, kProductKey))
    return false;
  prepare_writing(tables.listings);
  prepare_writing(tables.daily);
  tables.state = CreateExecutorState();
  return true;
}

}  // namespace

bool find_columns(Relation relation, std::span<const Column> wanted, bool whole, AttrNumber* numbers) {
  TupleDesc const shape = RelationGetDescr(relation);
  // Dropped columns count here: whole rows have a place for them.
  if (whole && shape->natts > IngestTable::kMostColumns) return false;
  size_t known = 0;
  size_t there = 0;
  for (int i = 0; i < shape->natts; ++i) {
    Form_pg_attribute const attribute = TupleDescAttr(shape, i);
    if (attribute->attisdropped) continue;
    ++there;
    for (size_t column = 0; column < wanted.size(); ++column) {
      if (!fits(attribute, wanted[column])) continue;
      numbers[column] = static_cast<AttrNumber>(i + 1);
      ++known;
    }
  }
  return known == wanted.size() && (!whole || there == known);
}

bool open_history(IngestTables& tables, LOCKMODE lock) {
  tables.history = try_table_open(tables.history_oid, lock);
  // Partitions have the columns of the parent.
  AttrNumber unused[IngestTable::kMostColumns];
  return tables.history != nullptr && tables.history->rd_rel->relkind == RELKIND_PARTITIONED_TABLE &&
         list_leaves(tables) && find_columns(tables.history, kHistoryColumns, true, unused);
}

bool open_ingest_tables(IngestTables& tables) {
  MemoryContext const outer = MemoryContextSwitchTo(tables.context);
  bool const usable = open_all(tables);
  MemoryContextSwitchTo(outer);
  if (!usable) close_ingest_tables(tables);
  return usable;
}

void close_table(IngestTable& table) {
  if (table.scan != nullptr) end_lookup(table);
  if (table.written != nullptr) ExecDropSingleTupleTableSlot(table.written);
  if (table.target != nullptr) ExecCloseIndices(table.target);
  if (table.key != nullptr) index_close(table.key, NoLock);
  if (table.relation != nullptr) table_close(table.relation, NoLock);
  table = IngestTable{};
}

void close_ingest_tables(IngestTables& tables) {
  for (int i = 0; i < tables.leaf_count; ++i)
    close_table(tables.leaves[i].table);
  close_table(tables.listings);
  close_table(tables.daily);
  close_table(tables.products);
  if (tables.history != nullptr) table_close(tables.history, NoLock);
  if (tables.state != nullptr) FreeExecutorState(tables.state);
  tables.history = nullptr;
  tables.state = nullptr;
}

void begin_lookup(IngestTable& table, int keys) {
  table.found = table_slot_create(table.relation, nullptr);
  table.scan = pg::begin_index_scan(table.relation, table.key, GetActiveSnapshot(), keys);
  table.key_count = keys;
  table.scan_context = CurrentMemoryContext;
  for (int i = 0; i < keys; ++i) {
    Oid const type = TupleDescAttr(RelationGetDescr(table.key), i)->atttypid;
    Oid const equal = type == DATEOID ? F_DATE_EQ : F_INT8EQ;
    // Of the history: everything before a time.
    bool const before = type == TIMESTAMPTZOID;
    ScanKeyInit(&table.keys[i], static_cast<AttrNumber>(i + 1),
                before ? BTLessStrategyNumber : BTEqualStrategyNumber, before ? F_TIMESTAMPTZ_LT : equal,
                Datum{0});
  }
}

void end_lookup(IngestTable& table) {
  index_endscan(table.scan);
  ExecDropSingleTupleTableSlot(table.found);
  table.scan = nullptr;
  table.found = nullptr;
}

void start_lookup(IngestTable& table, const Datum* values) {
  for (int i = 0; i < table.key_count; ++i)
    table.keys[i].sk_argument = values[i];
  MemoryContext const outer = MemoryContextSwitchTo(table.scan_context);
  index_rescan(table.scan, table.keys, table.key_count, nullptr, 0);
  MemoryContextSwitchTo(outer);
}

bool next_row(IngestTable& table, ScanDirection direction) {
  MemoryContext const outer = MemoryContextSwitchTo(table.scan_context);
  bool const there = index_getnext_slot(table.scan, direction, table.found);
  MemoryContextSwitchTo(outer);
  return there;
}

bool look_up(IngestTable& table, const Datum* values) {
  start_lookup(table, values);
  return next_row(table, ForwardScanDirection);
}

int leaf_of(const IngestTables& tables, TimestampTz at) {
  // Newest first: that is where new prices are.
  for (int i = tables.leaf_count; i-- > 0;)
    if (at >= tables.leaves[i].lower) return at < tables.leaves[i].upper ? i : -1;
  return -1;
}

namespace {

void open_leaf(IngestTables& tables, HistoryLeaf& leaf, LOCKMODE lock, bool whole) {
  MemoryContext const outer = MemoryContextSwitchTo(tables.context);
  if (!open_heap(leaf.table, leaf.relation, lock, kHistoryColumns, whole, kHistoryKey))
    pg::fail_in_call(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "a partition of price_history has changed",
                     "Run the statement again.");
  MemoryContextSwitchTo(outer);
}

}  // namespace

void open_for_reading(IngestTables& tables, HistoryLeaf& leaf) {
  open_leaf(tables, leaf, AccessShareLock, false);
  MemoryContext const outer = MemoryContextSwitchTo(tables.context);
  begin_lookup(leaf.table, 3);
  MemoryContextSwitchTo(outer);
}

void close_reading(HistoryLeaf& leaf) {
  if (leaf.table.relation != nullptr) close_table(leaf.table);
}

void open_for_writing(IngestTables& tables, HistoryLeaf& leaf) {
  open_leaf(tables, leaf, RowExclusiveLock, true);
  MemoryContext const outer = MemoryContextSwitchTo(tables.context);
  prepare_writing(leaf.table);
  MemoryContextSwitchTo(outer);
}

InsertBatch* make_batch(IngestTables& tables, IngestTable& table) {
  auto* const batch = static_cast<InsertBatch*>(MemoryContextAllocZero(tables.context, sizeof(InsertBatch)));
  batch->tables = &tables;
  batch->table = &table;
  batch->context = AllocSetContextCreate(tables.context, "deal_advisor ingest batch", ALLOCSET_DEFAULT_SIZES);
  return batch;
}

void add_to_batch(InsertBatch* batch, const Datum* values, const bool* nulls, CommandId command) {
  TupleDesc const shape = RelationGetDescr(batch->table->relation);
  if (batch->count == batch->slot_count) {
    MemoryContext const outer = MemoryContextSwitchTo(batch->tables->context);
    batch->slots[batch->slot_count++] = MakeSingleTupleTableSlot(shape, &TTSOpsHeapTuple);
    MemoryContextSwitchTo(outer);
  }
  MemoryContext const outer = MemoryContextSwitchTo(batch->context);
  HeapTuple const tuple = heap_form_tuple(shape, const_cast<Datum*>(values), const_cast<bool*>(nulls));
  MemoryContextSwitchTo(outer);
  // Owned by the slot: else the insert would copy it once more.
  ExecStoreHeapTuple(tuple, batch->slots[batch->count++], true);
  if (batch->count == InsertBatch::kMostRows) write_batch(batch, command);
}

void write_batch(InsertBatch* batch, CommandId command) {
  if (batch->count == 0) return;
  MemoryContext const outer = MemoryContextSwitchTo(batch->context);
  table_multi_insert(batch->table->relation, batch->slots, batch->count, command, 0, nullptr);
  for (int i = 0; i < batch->count; ++i)
    pg::insert_entries(batch->table->target, batch->slots[i], batch->tables->state);
  for (int i = 0; i < batch->count; ++i)
    ExecClearTuple(batch->slots[i]);
  batch->count = 0;
  MemoryContextSwitchTo(outer);
  MemoryContextReset(batch->context);
}

void free_batch(InsertBatch* batch) {
  for (int i = 0; i < batch->slot_count; ++i)
    ExecDropSingleTupleTableSlot(batch->slots[i]);
  MemoryContextDelete(batch->context);
  pfree(batch);
}

}  // namespace deal::server
