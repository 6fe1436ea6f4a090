#include "server/bloat/pages.hpp"

#include <algorithm>

extern "C" {
#include "access/heapam.h"
#include "access/nbtree.h"
#include "common/hashfn.h"
#include "storage/procarray.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

constexpr double kLinePointer = sizeof(ItemIdData);

/// What becomes of a row.
enum class Fate : uint8 { none, kept, held, dead };

HeapTupleData tuple_at(Relation table, Page page, BlockNumber block, OffsetNumber offset) {
  ItemId const item = PageGetItemId(page, offset);
  HeapTupleData tuple;
  tuple.t_data = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
  tuple.t_len = ItemIdGetLength(item);
  tuple.t_tableOid = RelationGetRelid(table);
  ItemPointerSet(&tuple.t_self, block, offset);
  return tuple;
}

Fate fate_of(HeapTuple tuple, TransactionId horizon, Buffer buffer) {
  switch (HeapTupleSatisfiesVacuum(tuple, horizon, buffer)) {
    case HEAPTUPLE_DEAD:
      return Fate::dead;
    case HEAPTUPLE_RECENTLY_DEAD:
      return Fate::held;
    default:
      return Fate::kept;
  }
}

/// As long as a rebuild writes the row: without values of dropped columns, with those that a default stood in
/// for.
uint16 rebuilt_length(const TableReading& reading, HeapTuple tuple) {
  if (reading.values == nullptr) return static_cast<uint16>(tuple->t_len);
  TupleDesc const shape = RelationGetDescr(reading.table);
  heap_deform_tuple(tuple, shape, reading.values, reading.nulls);
  bool any_null = false;
  for (int i = 0; i < shape->natts; ++i) {
    if (TupleDescAttr(shape, i)->attisdropped) reading.nulls[i] = true;
    any_null = any_null || reading.nulls[i];
  }
  Size const header = MAXALIGN(offsetof(HeapTupleHeaderData, t_bits) +
                               (any_null ? static_cast<Size>(BITMAPLEN(shape->natts)) : 0));
  return static_cast<uint16>(header + heap_compute_data_size(shape, reading.values, reading.nulls));
}

/// Whether somebody's index entries that lead to the place lead to a row that a rebuild keeps: the place's
/// own, or a later one of its chain on this page.
bool leads_to_kept(Page page, const Fate* fates, OffsetNumber offset, OffsetNumber last) {
  for (int steps = 0; steps <= last; ++steps) {
    ItemId const item = PageGetItemId(page, offset);
    if (ItemIdIsRedirected(item)) {
      offset = static_cast<OffsetNumber>(ItemIdGetRedirect(item));
    } else if (!ItemIdIsNormal(item)) {
      return false;
    } else if (fates[offset] != Fate::dead) {
      return true;
    } else {
      auto* const header = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
      if (!HeapTupleHeaderIsHotUpdated(header)) return false;
      offset = ItemPointerGetOffsetNumberNoCheck(&header->t_ctid);
    }
    if (offset < FirstOffsetNumber || offset > last) return false;
  }
  return false;
}

void count_roots(Page page, const Fate* fates, OffsetNumber last, TablePageRead& read) {
  for (OffsetNumber offset = FirstOffsetNumber; offset <= last; ++offset) {
    ItemId const item = PageGetItemId(page, offset);
    if (!ItemIdIsUsed(item)) continue;
    if (ItemIdIsNormal(item) &&
        HeapTupleHeaderIsHeapOnly(reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item))))
      continue;
    ++(leads_to_kept(page, fates, offset, last) ? read.live_roots : read.dead_roots);
  }
}

/// An entry's key, which a rebuild merges with equal ones.
struct Key {
  const char* bytes;
  int size;
  uint16 has_nulls;
  int rows;
};

Key key_of(IndexTuple tuple) {
  bool const posting = BTreeTupleIsPosting(tuple);
  auto const size = static_cast<int>(posting ? BTreeTupleGetPostingOffset(tuple) : IndexTupleSize(tuple));
  return {reinterpret_cast<const char*>(tuple), size, static_cast<uint16>(tuple->t_info & INDEX_NULL_MASK),
          posting ? static_cast<int>(BTreeTupleGetNPosting(tuple)) : 1};
}

uint64 hash_of(const Key& key) {
  constexpr int header = sizeof(IndexTupleData);
  return hash_bytes_extended(reinterpret_cast<const unsigned char*>(key.bytes) + header, key.size - header,
                             key.has_nulls);
}

bool same_key(const Key& a, const Key& b) {
  constexpr int header = sizeof(IndexTupleData);
  return a.size == b.size && a.has_nulls == b.has_nulls &&
         memcmp(a.bytes + header, b.bytes + header, static_cast<size_t>(a.size - header)) == 0;
}

void read_leaf(Page page, BTPageOpaque about, bool merge_equal, BtreePageRead& read) {
  read.kind = BtreePageRead::Kind::leaf;
  if (!P_RIGHTMOST(about)) read.pivot_bytes = static_cast<int>(ItemIdGetLength(PageGetItemId(page, P_HIKEY)));
  Key last{nullptr, 0, 0, 0};
  // A broken page may claim more than there can be.
  OffsetNumber const end = std::min<OffsetNumber>(PageGetMaxOffsetNumber(page), MaxIndexTuplesPerPage);
  for (OffsetNumber offset = P_FIRSTDATAKEY(about); offset <= end; ++offset) {
    ItemId const item = PageGetItemId(page, offset);
    if (ItemIdIsDead(item)) {
      read.dead += ItemIdGetLength(item) + kLinePointer;
      continue;
    }
    Key const key = key_of(reinterpret_cast<IndexTuple>(PageGetItem(page, item)));
    if (merge_equal && last.bytes != nullptr && same_key(last, key)) {
      read.groups[read.group_count - 1].rows += key.rows;
    } else {
      read.groups[read.group_count++] = {key.size, key.rows, 0};
      last = key;
    }
    // Only a key of several rows may go on elsewhere.
    bloat::LeafGroup& group = read.groups[read.group_count - 1];
    if (group.key == 0 && group.rows > 1) group.key = hash_of(key);
  }
}

bool all_columns_as_written(TupleDesc shape) {
  if (shape->constr != nullptr && shape->constr->missing != nullptr) return false;
  for (int i = 0; i < shape->natts; ++i)
    if (TupleDescAttr(shape, i)->attisdropped) return false;
  return true;
}

}  // namespace

TableReading begin_reading(Relation table, BufferAccessStrategy strategy) {
  TableReading reading{table, strategy, GetOldestNonRemovableTransactionId(table), nullptr, nullptr};
  TupleDesc const shape = RelationGetDescr(table);
  if (!all_columns_as_written(shape)) {
    reading.values = static_cast<Datum*>(palloc0(sizeof(Datum) * static_cast<Size>(shape->natts)));
    reading.nulls = static_cast<bool*>(palloc0(sizeof(bool) * static_cast<Size>(shape->natts)));
  }
  return reading;
}

void read_table_page(const TableReading& reading, BlockNumber block, TablePageRead& read) {
  read.row_count = read.live_roots = read.dead_roots = 0;
  read.dead = read.held = read.free = 0;
  Buffer const buffer = ReadBufferExtended(reading.table, MAIN_FORKNUM, block, RBM_NORMAL, reading.strategy);
  LockBuffer(buffer, BUFFER_LOCK_SHARE);
  Page const page = BufferGetPage(buffer);
  if (PageIsNew(page)) {
    read.free = BLCKSZ;
    UnlockReleaseBuffer(buffer);
    return;
  }
  Fate fates[MaxHeapTuplesPerPage + 1] = {};
  OffsetNumber const last = std::min<OffsetNumber>(PageGetMaxOffsetNumber(page), MaxHeapTuplesPerPage);
  read.free = static_cast<double>(PageGetExactFreeSpace(page));
  for (OffsetNumber offset = FirstOffsetNumber; offset <= last; ++offset) {
    ItemId const item = PageGetItemId(page, offset);
    if (ItemIdIsDead(item)) read.dead += kLinePointer;
    if (!ItemIdIsUsed(item)) read.free += kLinePointer;
    if (!ItemIdIsNormal(item)) continue;
    HeapTupleData tuple = tuple_at(reading.table, page, block, offset);
    fates[offset] = fate_of(&tuple, reading.horizon, buffer);
    double const bytes = static_cast<double>(MAXALIGN(tuple.t_len)) + kLinePointer;
    if (fates[offset] == Fate::dead)
      read.dead += bytes;
    else
      read.rows[read.row_count++] = rebuilt_length(reading, &tuple);
    if (fates[offset] == Fate::held) read.held += bytes;
  }
  count_roots(page, fates, last, read);
  UnlockReleaseBuffer(buffer);
}

index::BtreeShape btree_shape_of(Relation index) {
  index::BtreeShape shape;
  shape.page_size = BLCKSZ;
  shape.fillfactor = BTGetFillFactor(index);
  shape.deduplicate =
      _bt_allequalimage(index, false) && !index->rd_index->indisunique && BTGetDeduplicateItems(index);
  return shape;
}

void read_btree_page(Relation index, BlockNumber block, BufferAccessStrategy strategy, bool merge_equal,
                     BtreePageRead& read) {
  read.kind = BtreePageRead::Kind::deleted;
  read.group_count = read.pivot_bytes = 0;
  read.dead = read.free = 0;
  Buffer const buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
  LockBuffer(buffer, BUFFER_LOCK_SHARE);
  Page const page = BufferGetPage(buffer);
  if (!PageIsNew(page)) {
    BTPageOpaque const about = BTPageGetOpaque(page);
    if (P_ISMETA(about)) {
      read.kind = BtreePageRead::Kind::inner;
    } else if (!P_IGNORE(about)) {
      read.kind = BtreePageRead::Kind::inner;
      read.free = static_cast<double>(PageGetExactFreeSpace(page));
      if (P_ISLEAF(about)) read_leaf(page, about, merge_equal, read);
    }
  }
  UnlockReleaseBuffer(buffer);
}

}  // namespace deal::server
