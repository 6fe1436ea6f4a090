#include "server/audit/sink.hpp"

#include <algorithm>

#include "server/audit/log_partition.hpp"
#include "server/bridge/table_write.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

constexpr int kMostTuples = 1000;
constexpr size_t kMostBytes = 64 * 1024;

}  // namespace

struct Sink {
  Sink* next;
  Oid parent;
  Oid overflow;
  TupleDesc shape;
  MemoryContext batch_context;      ///< the tuples; emptied with the batch
  MemoryContext partition_context;  ///< what `partition` points to
  bool partition_known;
  LogPartition partition;
  bool loss_told;  ///< once a session is enough
  int slots_used;  ///< that own tuples; an error may leave it so
  TimestampTz at;
  CommandId command;
  int count;
  size_t bytes;
  int slot_count;
  HeapTuple tuples[kMostTuples];
  SubTransactionId owners[kMostTuples];  ///< ascending: subtransactions are nested
  TupleTableSlot* slots[kMostTuples];
};

namespace {

Sink* all_sinks = nullptr;
int pending = 0;  ///< tuples in all batches
/// In which subtransaction a batch is being written; none: invalid. An index that somebody put on the log may
/// run statements meanwhile, with subtransactions and all: they must leave the batches alone.
SubTransactionId writing = InvalidSubTransactionId;

MemoryContext sink_memory() {
  static MemoryContext context = nullptr;
  if (context == nullptr)
    context = AllocSetContextCreate(TopMemoryContext, "deal_advisor audit", ALLOCSET_DEFAULT_SIZES);
  return context;
}

Sink* make_sink(Oid parent, Oid overflow, TupleDesc shape) {
  MemoryContext const outer = MemoryContextSwitchTo(sink_memory());
  auto* const sink = static_cast<Sink*>(palloc0(sizeof(Sink)));
  sink->parent = parent;
  sink->overflow = overflow;
  sink->shape = CreateTupleDescCopy(shape);
  sink->batch_context =
      // One block for a whole batch, kept when it is emptied
      AllocSetContextCreate(CurrentMemoryContext, "deal_advisor audit batch", ALLOCSET_DEFAULT_MINSIZE,
                            2 * kMostBytes, ALLOCSET_DEFAULT_MAXSIZE);
  sink->partition_context =
      AllocSetContextCreate(CurrentMemoryContext, "deal_advisor audit partition", ALLOCSET_SMALL_SIZES);
  MemoryContextSwitchTo(outer);
  sink->next = all_sinks;
  all_sinks = sink;
  return sink;
}

/// Opens the relation that takes the batch; null when there is none.
Relation open_partition(Sink* sink) {
  // Taking the lock may bring the message that the partition is another one now.
  for (int tries = 0; tries < 10; ++tries) {
    if (!sink->partition_known || sink->at < sink->partition.lower || sink->at >= sink->partition.upper) {
      sink->partition_known = true;
      MemoryContextReset(sink->partition_context);
      MemoryContext const outer = MemoryContextSwitchTo(sink->partition_context);
      find_log_partition(sink->parent, sink->overflow, sink->shape, sink->at, sink->partition);
      MemoryContextSwitchTo(outer);
      if (!sink->partition_known) continue;
    }
    if (sink->partition.relation == InvalidOid) {
      sink->partition_known = false;  // perhaps the next time
      return nullptr;
    }
    Relation const relation = try_table_open(sink->partition.relation, RowExclusiveLock);
    if (relation != nullptr && sink->partition_known) return relation;
    if (relation != nullptr) table_close(relation, NoLock);
    sink->partition_known = false;
  }
  return nullptr;
}

/// Index entries where all indexes are plain: no executor state is needed.
void insert_plain_entries(const LogPartition& partition, Relation relation, TupleTableSlot** slots,
                          int count) {
  Relation indexes[LogPartition::kMostIndexes];
  for (int i = 0; i < partition.index_count; ++i)
    indexes[i] = index_open(partition.indexes[i], RowExclusiveLock);
  Datum values[INDEX_MAX_KEYS];
  bool nulls[INDEX_MAX_KEYS];
  for (int i = 0; i < partition.index_count; ++i) {
    IndexInfo* const info = partition.index_infos[i];
    for (int row = 0; row < count; ++row) {
      FormIndexDatum(info, slots[row], nullptr, values, nulls);
      index_insert(indexes[i], values, nulls, &slots[row]->tts_tid, relation, UNIQUE_CHECK_NO, false, info);
    }
    index_close(indexes[i], NoLock);
  }
}

/// Index entries of any kind.
void insert_entries(Relation relation, TupleTableSlot** slots, int count) {
  EState* const state = CreateExecutorState();
  ResultRelInfo* const target = pg::open_target(relation);
  for (int row = 0; row < count; ++row)
    pg::insert_entries(target, slots[row], state);
  ExecCloseIndices(target);
  FreeExecutorState(state);
}

TupleTableSlot* slot_for(Sink* sink, int i) {
  if (i == sink->slot_count) {
    MemoryContext const outer = MemoryContextSwitchTo(sink_memory());
    sink->slots[sink->slot_count++] = MakeSingleTupleTableSlot(sink->shape, &TTSOpsHeapTuple);
    MemoryContextSwitchTo(outer);
  }
  return sink->slots[i];
}

void insert(Sink* sink, Relation relation, int first) {
  int const count = sink->count - first;
  sink->slots_used = count;
  for (int i = 0; i < count; ++i)
    // Owned by the slot: else the insert would copy it once more.
    ExecStoreHeapTuple(sink->tuples[first + i], slot_for(sink, i), true);
  if (count == 1)
    table_tuple_insert(relation, sink->slots[0], sink->command, 0, nullptr);
  else
    table_multi_insert(relation, sink->slots, count, sink->command, 0, nullptr);
  if (!sink->partition.plain_indexes)
    insert_entries(relation, sink->slots, count);
  else if (sink->partition.index_count > 0)
    insert_plain_entries(sink->partition, relation, sink->slots, count);
}

/// The first tuple of a subtransaction that has none after it.
int first_of(const Sink* sink, SubTransactionId owner) {
  int first = sink->count;
  while (first > 0 && sink->owners[first - 1] == owner)
    --first;
  return first;
}

/// The slots let go of tuples that the batch frees.
void empty_slots(Sink* sink) {
  int const made = std::min(sink->slots_used, sink->slot_count);
  for (int i = 0; i < made; ++i) {
    sink->slots[i]->tts_flags = TTS_FLAG_EMPTY;
    sink->slots[i]->tts_nvalid = 0;
    reinterpret_cast<HeapTupleTableSlot*>(sink->slots[i])->tuple = nullptr;
  }
  sink->slots_used = 0;
}

/// Takes the last tuples out of the batch. Cannot fail.
void drop_from(Sink* sink, int first) {
  empty_slots(sink);
  if (first == 0) {
    MemoryContextReset(sink->batch_context);
    sink->bytes = 0;
  }
  for (int i = first; first > 0 && i < sink->count; ++i) {
    sink->bytes -= sink->tuples[i]->t_len;
    heap_freetuple(sink->tuples[i]);
  }
  pending -= sink->count - first;
  sink->count = first;
}

void tell_loss(Sink* sink) {
  if (sink->loss_told) return;
  sink->loss_told = true;
  pg::warn_in_call("changes of audited tables are not recorded: their log can't be written",
                   "deal_advisor.audit_status() shows the state of the log, and the call that mends it.");
}

/// Writes what the current subtransaction has in the batch.
void flush(Sink* sink) {
  SubTransactionId const current = GetCurrentSubTransactionId();
  int const first = first_of(sink, current);
  if (first == sink->count || writing != InvalidSubTransactionId) return;
  writing = current;
  bool const needs_snapshot = !ActiveSnapshotSet();  // at commit there may be none
  if (needs_snapshot) PushActiveSnapshot(GetTransactionSnapshot());
  Relation const relation = open_partition(sink);
  if (relation != nullptr) {
    insert(sink, relation, first);
    table_close(relation, NoLock);
  } else {
    tell_loss(sink);
  }
  if (needs_snapshot) PopActiveSnapshot();
  writing = InvalidSubTransactionId;
  drop_from(sink, first);
}

}  // namespace

Sink* find_sink(Oid parent, Oid overflow, TupleDesc shape) {
  for (Sink* sink = all_sinks; sink != nullptr; sink = sink->next)
    if (sink->parent == parent && sink->overflow == overflow && same_columns(sink->shape, shape)) return sink;
  return make_sink(parent, overflow, shape);
}

TimestampTz batch_time(Sink* sink) {
  if (sink->count == 0) {
    sink->at = GetCurrentTimestamp();
    sink->command = GetCurrentCommandId(true);
  }
  return sink->at;
}

void add_to_sink(Sink* sink, const Datum* values, const bool* nulls) {
  if (writing != InvalidSubTransactionId)
    pg::fail_in_call(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                     "an index of an audit log changes audited tables",
                     "Drop the index: functions in indexes must not write.");
  MemoryContext const outer = MemoryContextSwitchTo(sink->batch_context);
  HeapTuple const tuple = heap_form_tuple(sink->shape, const_cast<Datum*>(values), const_cast<bool*>(nulls));
  MemoryContextSwitchTo(outer);
  sink->tuples[sink->count] = tuple;
  sink->owners[sink->count++] = GetCurrentSubTransactionId();
  ++pending;
  sink->bytes += tuple->t_len;
  if (sink->count == kMostTuples || sink->bytes >= kMostBytes) flush(sink);
}

void flush_sinks() {
  for (Sink* sink = all_sinks; sink != nullptr; sink = sink->next)
    if (sink->count > 0) flush(sink);
}

bool sinks_are_empty() {
  return pending == 0;
}

void subtransaction_ended(SubTransactionId ended, SubTransactionId parent, bool committed) {
  if (!committed && writing == ended) writing = InvalidSubTransactionId;
  for (Sink* sink = all_sinks; sink != nullptr; sink = sink->next) {
    int const first = first_of(sink, ended);
    if (first == sink->count) continue;
    if (committed) {
      for (int i = first; i < sink->count; ++i)
        sink->owners[i] = parent;
    } else {
      drop_from(sink, first);
    }
  }
}

void clear_sinks() {
  writing = InvalidSubTransactionId;
  for (Sink* sink = all_sinks; sink != nullptr; sink = sink->next)
    if (sink->count > 0) drop_from(sink, 0);
}

void forget_in_sinks(Oid relation) {
  for (Sink* sink = all_sinks; sink != nullptr; sink = sink->next)
    if (relation == InvalidOid || relation == sink->parent || relation == sink->overflow ||
        relation == sink->partition.relation)
      sink->partition_known = false;
}

}  // namespace deal::server
