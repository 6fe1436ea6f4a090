#include "server/audit/capture.hpp"

#include "core/audit/enable.hpp"
#include "core/base/error.hpp"
#include "server/audit/audited_relation.hpp"
#include "server/audit/compare.hpp"
#include "server/audit/encode.hpp"
#include "server/audit/history_target.hpp"
#include "server/audit/log.hpp"
#include "server/audit/sink.hpp"
#include "server/bridge/snapshot.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"
}

namespace deal::server {

namespace {

/// What one event is about; the slot is deformed.
struct Event {
  char op;
  TupleTableSlot* row;      ///< null: no row
  const uint64_t* columns;  ///< of the image; null: all
};

int64_t row_key_of(AuditedRelation& relation, const Event& event, const struct varlena* image) {
  audit::RowKey key;
  if (event.row == nullptr) return audit::first_row_key(relation.table);
  if (relation.key_count == 0) key.add_bytes({VARDATA(image), VARSIZE(image) - VARHDRSZ});
  for (int i = 0; i < relation.key_count; ++i) {
    int const column = relation.key[i].number - 1;
    add_key_value(key, relation.key[i], event.row->tts_values[column], event.row->tts_isnull[column]);
  }
  return key.value(relation.table);
}

void record_as_jsonb(AuditedRelation& relation, const Event& event) {
  const struct varlena* image = nullptr;
  if (event.row != nullptr)
    image = encode_row(relation.encoder, event.row->tts_values, event.row->tts_isnull, event.columns);
  add_event(relation.log,
            {row_key_of(relation, event, image), relation.layout, event.op, relation.text, image});
}

/// The history row's own columns: those of the event that have one there.
void set_own_columns(const AuditedRelation& relation, const Event& event) {
  HistoryTarget& history = *relation.history;
  char* const bits = VARDATA(history.changed_bits);
  memset(bits, 0, static_cast<size_t>(history.columns + 7) / 8);
  for (int i = 0; i < history.columns; ++i) {
    int const place = HistoryTarget::kHeader + i;
    int const source = history.sources[i] - 1;
    history.nulls[place] = true;
    if (source < 0 || event.row == nullptr) continue;
    if (event.columns != nullptr && !has_column(event.columns, source)) continue;
    history.values[place] = event.row->tts_values[source];
    history.nulls[place] = event.row->tts_isnull[source];
    if (!has_column(relation.keys, source)) bits[i / 8] |= static_cast<char>(1 << (i % 8));
  }
}

/// What the history has no columns for, as jsonb; null when the event has nothing of it.
const struct varlena* rest_of(const AuditedRelation& relation, const Event& event) {
  HistoryTarget const& history = *relation.history;
  if (!history.has_rest || event.row == nullptr) return nullptr;
  uint64_t chosen[column_words(MaxTupleAttributeNumber)];
  bool any = false;
  for (int i = 0; i < relation.words; ++i) {
    chosen[i] = history.rest_columns[i] & (event.columns != nullptr ? event.columns[i] : ~uint64_t{0});
    any = any || chosen[i] != 0;
  }
  return any ? encode_row(relation.encoder, event.row->tts_values, event.row->tts_isnull, chosen) : nullptr;
}

void record_in_history(AuditedRelation& relation, const Event& event) {
  using Column = HistoryTarget::Column;
  HistoryTarget& history = *relation.history;
  const struct varlena* whole = nullptr;
  if (relation.key_count == 0 && event.row != nullptr)
    whole = encode_row(relation.encoder, event.row->tts_values, event.row->tts_isnull, nullptr);
  history.values[Column::row_key] = Int64GetDatum(row_key_of(relation, event, whole));
  const struct varlena* const rest = rest_of(relation, event);
  set_own_columns(relation, event);
  EventStamp const stamp = stamp_event(relation.log, relation.text);
  history.values[Column::at] = TimestampTzGetDatum(batch_time(history.sink));
  history.values[Column::xid] = FullTransactionIdGetDatum(stamp.transaction);
  history.values[Column::sequence] = Int32GetDatum(stamp.sequence);
  history.values[Column::layout] = Int32GetDatum(relation.layout);
  history.values[Column::context] = Int16GetDatum(stamp.context);
  history.values[Column::op] = CharGetDatum(event.op);
  history.values[Column::changed] = PointerGetDatum(history.changed_bits);
  history.nulls[Column::changed] = event.op != 'U';
  history.values[Column::rest] = PointerGetDatum(rest);
  history.nulls[Column::rest] = rest == nullptr;
  add_to_sink(history.sink, history.values, history.nulls);
}

void record(AuditedRelation& relation, const Event& event) {
  if (relation.history != nullptr)
    record_in_history(relation, event);
  else
    record_as_jsonb(relation, event);
}

void record_insert(AuditedRelation& relation, TupleTableSlot* row) {
  slot_getallattrs(row);
  record(relation, {'I', row, relation.insert_image ? nullptr : relation.keys});
}

void record_delete(AuditedRelation& relation, TupleTableSlot* row) {
  slot_getallattrs(row);
  record(relation, {'D', row, nullptr});
}

bool key_changed(const AuditedRelation& relation, const uint64_t* changed) {
  if (relation.key_count == 0) return true;
  for (int i = 0; i < relation.words; ++i)
    if ((changed[i] & relation.keys[i]) != 0) return true;
  return false;
}

void record_update(AuditedRelation& relation, TupleTableSlot* before, TupleTableSlot* after) {
  slot_getallattrs(before);
  slot_getallattrs(after);
  uint64_t* const changed = relation.scratch;
  memset(changed, 0, sizeof(uint64_t) * static_cast<size_t>(relation.words));
  if (!find_changed(before, after, relation.skipped, changed)) return;
  if (key_changed(relation, changed)) {
    record(relation, {'M', before, nullptr});
    record(relation, {'N', after, nullptr});
    return;
  }
  for (int i = 0; i < relation.words; ++i)
    changed[i] |= relation.keys[i];
  record(relation, {'U', before, changed});
}

/// All rows as they are: those that TRUNCATE is about to take, or a baseline.
int64_t record_all_rows(AuditedRelation& relation, Relation table, char op) {
  int64_t rows = 0;
  MemoryContext const row_context =
      AllocSetContextCreate(CurrentMemoryContext, "deal_advisor audit truncate", ALLOCSET_DEFAULT_SIZES);
  TupleTableSlot* const row = table_slot_create(table, nullptr);
  TableScanDesc const scan = table_beginscan(table, GetActiveSnapshot(), 0, nullptr);
  while (table_scan_getnextslot(scan, ForwardScanDirection, row)) {
    CHECK_FOR_INTERRUPTS();
    MemoryContext const outer = MemoryContextSwitchTo(row_context);
    slot_getallattrs(row);
    record(relation, {op, row, nullptr});
    ++rows;
    MemoryContextSwitchTo(outer);
    MemoryContextReset(row_context);
  }
  table_endscan(scan);
  ExecDropSingleTupleTableSlot(row);
  MemoryContextDelete(row_context);
  return rows;
}

void record_truncate(AuditedRelation& relation, Relation table) {
  if (relation.truncate_rows && table->rd_rel->relkind == RELKIND_RELATION)
    (void)record_all_rows(relation, table, 'D');
  record(relation, {'T', nullptr, nullptr});
}

void record_change(AuditedRelation& relation, const TriggerData& trigger) {
  if (TRIGGER_FIRED_BY_UPDATE(trigger.tg_event))
    record_update(relation, trigger.tg_trigslot, trigger.tg_newslot);
  else if (TRIGGER_FIRED_BY_INSERT(trigger.tg_event))
    record_insert(relation, trigger.tg_trigslot);
  else if (TRIGGER_FIRED_BY_DELETE(trigger.tg_event))
    record_delete(relation, trigger.tg_trigslot);
  else
    record_truncate(relation, trigger.tg_relation);
}

const Trigger* audit_trigger_of(Relation table) {
  TriggerDesc const* const triggers = table->trigdesc;
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; ++i)
    if (TRIGGER_FOR_ROW(triggers->triggers[i].tgtype) &&
        strcmp(triggers->triggers[i].tgname, audit::kRowTrigger) == 0)
      return &triggers->triggers[i];
  return nullptr;
}

/// Runs `body` with what a change of the relation would be recorded with; not without a usable log.
template <class Body>
void with_audited(Oid oid, Body&& body) {
  Relation const table = pg::call([&] { return table_open(oid, AccessShareLock); });
  TriggerData trigger{};
  trigger.tg_relation = table;
  trigger.tg_trigger = const_cast<Trigger*>(audit_trigger_of(table));
  if (trigger.tg_trigger != nullptr) {
    pg::FreshSnapshot const now;
    AuditedRelation* const relation = audited_relation(trigger);
    if (!claims_are_current()) read_own_claims();
    Capturing const in_use;
    if (relation->usable) body(*relation, table);
  }
  pg::call([&] { table_close(table, NoLock); });
}

void require_audit_trigger(const pg::Arguments& args) {
  auto const* const context = args.fcinfo()->context;
  if (context == nullptr || !CALLED_AS_TRIGGER(args.fcinfo()))
    throw Error("39P01", "function \"audit_capture\" was not called as a trigger");
  TriggerEvent const event = reinterpret_cast<const TriggerData*>(context)->tg_event;
  bool const after_row = TRIGGER_FIRED_FOR_ROW(event) && TRIGGER_FIRED_AFTER(event);
  bool const before_truncate = TRIGGER_FIRED_BY_TRUNCATE(event) && TRIGGER_FIRED_BEFORE(event);
  if (!after_row && !before_truncate)
    throw Error("39P01", "function \"audit_capture\" must be fired after each row, or before TRUNCATE")
        .hint("deal_advisor.audit_enable makes its triggers.");
}

}  // namespace

void record_audited_change(const pg::Arguments& args) {
  require_audit_trigger(args);
  auto const& trigger = *reinterpret_cast<const TriggerData*>(args.fcinfo()->context);
  AuditedRelation* const relation = audited_relation(trigger);
  if (!relation->usable) return;
  if (!claims_are_current()) read_own_claims();
  Capturing const in_use;
  pg::call([&] { record_change(*relation, trigger); });
}

int64_t record_baseline_of(Oid oid) {
  int64_t rows = 0;
  with_audited(oid, [&](AuditedRelation& relation, Relation table) {
    if (table->rd_rel->relkind == RELKIND_RELATION)
      rows = pg::call([&] { return record_all_rows(relation, table, 'S'); });
  });
  return rows;
}

bool record_layout_of(Oid oid) {
  bool recorded = false;
  with_audited(oid, [&](AuditedRelation&, Relation) { recorded = true; });
  return recorded;
}

}  // namespace deal::server
