/// Reading one block of a table as a sampler does.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/htup_details.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

/// Calls `take(HeapTuple)` for each row of the block that the snapshot sees, in the block's order; the tuple
/// is good during the call. Runs inside pg::call, so `take` must own nothing.
template <class Take>
void for_each_visible_row(Relation table, BlockNumber block, BufferAccessStrategy strategy, Snapshot snapshot,
                          Take&& take) {
  static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Take>>);
  Buffer const buffer = ReadBufferExtended(table, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
  LockBuffer(buffer, BUFFER_LOCK_SHARE);
  Page const page = BufferGetPage(buffer);
  bool const all_visible = PageIsAllVisible(page) && !snapshot->takenDuringRecovery;
  OffsetNumber const last = PageGetMaxOffsetNumber(page);
  for (OffsetNumber offset = FirstOffsetNumber; offset <= last; ++offset) {
    ItemId const item = PageGetItemId(page, offset);
    if (!ItemIdIsNormal(item)) continue;
    HeapTupleData tuple;
    tuple.t_data = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
    tuple.t_len = ItemIdGetLength(item);
    tuple.t_tableOid = RelationGetRelid(table);
    ItemPointerSet(&tuple.t_self, block, offset);
    if (all_visible || HeapTupleSatisfiesVisibility(&tuple, snapshot, buffer)) take(&tuple);
  }
  UnlockReleaseBuffer(buffer);
}

}  // namespace deal::server
