#include "server/index/block_sample.hpp"

#include "server/index/block_choice.hpp"
#include "server/index/heap_block.hpp"
#include "server/index/imported_sample.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

constexpr int kMostRows = 200'000;  ///< the export has the same limit

/// Copies the visible rows of one block.
void read_block(Relation table, BlockNumber block, BufferAccessStrategy strategy, Snapshot snapshot,
                BlockSample& sample) {
  for_each_visible_row(table, block, strategy, snapshot, [&](HeapTuple tuple) {
    if (sample.count == sample.most) return;
    sample.rows[sample.count++] = heap_copytuple(tuple);
  });
  ++sample.sampled_blocks;
}

void deform(Relation table, BlockSample& sample) {
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

BlockSample read_sample(Oid oid, int target_rows) {
  BlockSample sample{};
  Relation const table = open_readable(oid);
  sample.table_blocks = RelationGetNumberOfBlocks(table);
  double const wanted = blocks_holding(counted_density(table), sample.table_blocks, target_rows);
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
BlockSample import_sample(Oid oid, int target_rows, std::map<AttrNumber, StoredColumn>& stored) {
  ImportedBlocks exported = imported_blocks(oid, target_rows);
  stored = std::move(exported.columns);
  BlockSample sample{};
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

}  // namespace

BlockSample sample_blocks(Oid table, int target_rows, std::map<AttrNumber, StoredColumn>& stored) {
  if (has_imported_rows(table)) return import_sample(table, target_rows, stored);
  return pg::call([&] { return read_sample(table, target_rows); });
}

double counted_density(Relation table) {
  auto const* const about = table->rd_rel;
  return about->reltuples > 0 && about->relpages > 0 ? double{about->reltuples} / about->relpages : 0;
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
