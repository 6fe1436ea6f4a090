/// Writing tuples without the executor's plans. Everything here runs inside pg::call, and checks nothing:
/// neither rights, row security, triggers nor constraints other than those of unique indexes.
#pragma once

#include "server/bridge/call.hpp"

extern "C" {
#include "access/genam.h"
#include "access/tableam.h"
#include "nodes/execnodes.h"
}

namespace pg {

/// A table with its indexes, open for what follows; ExecCloseIndices closes them. Allocates in the current
/// context.
ResultRelInfo* open_target(Relation table);

/// What an update asks of the indexes.
enum class Entries {
  none,         ///< it stayed on its page, and no index has a column that changed (HOT)
  summarizing,  ///< only those of BRIN and the like (from PostgreSQL 16 on)
  all
};

/// Makes the index entries of a tuple that has been written.
void insert_entries(ResultRelInfo* target, TupleTableSlot* slot, EState* state, bool of_update = false,
                    Entries entries = Entries::all);

/// Puts the tuple in `slot` in the place of that at `old`; the caller makes the index entries. Waits for
/// whoever has locked the old one; of anything but TM_Ok `failure` says more.
TM_Result update_tuple(Relation table, ItemPointer old, TupleTableSlot* slot, CommandId command,
                       TM_FailureData* failure, Entries* entries);

/// Begins an index scan of a table.
IndexScanDesc begin_index_scan(Relation table, Relation index, Snapshot snapshot, int keys);

}  // namespace pg
