#include "server/bridge/table_write.hpp"

extern "C" {
#include "executor/executor.h"
#include "utils/snapmgr.h"
}

namespace pg {

ResultRelInfo* open_target(Relation table) {
  ResultRelInfo* const target = makeNode(ResultRelInfo);
  // Not in a range table: there is no query.
  InitResultRelInfo(target, table, 0, nullptr, 0);
  ExecOpenIndices(target, false);
  return target;
}

void insert_entries(ResultRelInfo* target, TupleTableSlot* slot, EState* state, bool of_update,
                    [[maybe_unused]] Entries entries) {
  ResetPerTupleExprContext(state);
#if PG_VERSION_NUM >= 160000
  ExecInsertIndexTuples(target, slot, state, of_update, false, nullptr, NIL, entries == Entries::summarizing);
#else
  ExecInsertIndexTuples(target, slot, state, of_update, false, nullptr, NIL);
#endif
}

TM_Result update_tuple(Relation table, ItemPointer old, TupleTableSlot* slot, CommandId command,
                       TM_FailureData* failure, Entries* entries) {
  LockTupleMode mode = LockTupleNoKeyExclusive;
#if PG_VERSION_NUM >= 160000
  TU_UpdateIndexes update = TU_None;
#else
  bool update = false;
#endif
  TM_Result const result = table_tuple_update(table, old, slot, command, GetActiveSnapshot(), InvalidSnapshot,
                                              true, failure, &mode, &update);
#if PG_VERSION_NUM >= 160000
  *entries = update == TU_All           ? Entries::all
             : update == TU_Summarizing ? Entries::summarizing
                                        : Entries::none;
#else
  *entries = update ? Entries::all : Entries::none;
#endif
  return result;
}

IndexScanDesc begin_index_scan(Relation table, Relation index, Snapshot snapshot, int keys) {
#if PG_VERSION_NUM >= 180000
  return index_beginscan(table, index, snapshot, nullptr, keys, 0);
#else
  return index_beginscan(table, index, snapshot, keys, 0);
#endif
}

}  // namespace pg
