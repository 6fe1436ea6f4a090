#include "server/partition/capture.hpp"

#include "core/base/error.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

constexpr int kMostKeyColumns = INDEX_MAX_KEYS;

/// The key of one row; plain data.
struct Key {
  Datum values[kMostKeyColumns];
  bool nulls[kMostKeyColumns];
};

/// What the trigger's arguments say.
struct Target {
  Relation log;
  int columns;
  AttrNumber numbers[kMostKeyColumns];
};

bool same_columns(const Target& target, TupleDesc source) {
  TupleDesc const log = RelationGetDescr(target.log);
  if (log->natts != target.columns) return false;
  for (int i = 0; i < target.columns; ++i) {
    AttrNumber const number = target.numbers[i];
    if (number < 1 || number > source->natts) return false;
    if (TupleDescAttr(log, i)->attisdropped) return false;
    if (TupleDescAttr(log, i)->atttypid != TupleDescAttr(source, number - 1)->atttypid) return false;
  }
  return true;
}

bool open_log(const TriggerData& trigger, Target& target) {
  Trigger const& definition = *trigger.tg_trigger;
  target.columns = definition.tgnargs - 2;
  if (target.columns < 1 || target.columns > kMostKeyColumns) return false;
  for (int i = 0; i < target.columns; ++i)
    target.numbers[i] = static_cast<AttrNumber>(strtol(definition.tgargs[i + 2], nullptr, 10));
  Oid const schema = get_namespace_oid(definition.tgargs[0], true);
  Oid const table = schema == InvalidOid ? InvalidOid : get_relname_relid(definition.tgargs[1], schema);
  if (table == InvalidOid) return false;
  target.log = try_table_open(table, RowExclusiveLock);
  if (target.log == nullptr) return false;
  Form_pg_class const log = target.log->rd_rel;
  // Anybody may put this trigger on a table of theirs: it must not write where they could not.
  if (log->relowner == trigger.tg_relation->rd_rel->relowner && log->relkind == RELKIND_RELATION &&
      same_columns(target, RelationGetDescr(trigger.tg_relation)))
    return true;
  table_close(target.log, RowExclusiveLock);
  return false;
}

void read_key(const Target& target, TupleTableSlot* row, Key& key) {
  for (int i = 0; i < target.columns; ++i)
    key.values[i] = slot_getattr(row, target.numbers[i], &key.nulls[i]);
}

bool same_key(const Target& target, const Key& one, const Key& other) {
  TupleDesc const log = RelationGetDescr(target.log);
  for (int i = 0; i < target.columns; ++i) {
    if (one.nulls[i] != other.nulls[i]) return false;
    if (one.nulls[i]) continue;
    Form_pg_attribute const column = TupleDescAttr(log, i);
    if (!datum_image_eq(one.values[i], other.values[i], column->attbyval, column->attlen)) return false;
  }
  return true;
}

void write_key(const Target& target, const Key& key) {
  TupleTableSlot* const slot = table_slot_create(target.log, nullptr);
  ExecClearTuple(slot);
  for (int i = 0; i < target.columns; ++i) {
    slot->tts_values[i] = key.values[i];
    slot->tts_isnull[i] = key.nulls[i];
  }
  ExecStoreVirtualTuple(slot);
  simple_table_tuple_insert(target.log, slot);
  ExecDropSingleTupleTableSlot(slot);
}

void note_change(const TriggerData& trigger) {
  Target target{};
  if (!open_log(trigger, target)) return;
  Key old_key{};
  read_key(target, trigger.tg_trigslot, old_key);
  write_key(target, old_key);
  if (TRIGGER_FIRED_BY_UPDATE(trigger.tg_event)) {
    Key new_key{};
    read_key(target, trigger.tg_newslot, new_key);
    if (!same_key(target, old_key, new_key)) write_key(target, new_key);
  }
  table_close(target.log, NoLock);
}

}  // namespace

void capture_change(const pg::Arguments& args) {
  auto const* const context = args.fcinfo()->context;
  bool const is_trigger = context != nullptr && CALLED_AS_TRIGGER(args.fcinfo());
  if (!is_trigger) throw Error("39P01", "function \"partition_capture\" was not called as a trigger");
  auto const& trigger = *reinterpret_cast<const TriggerData*>(context);
  if (!TRIGGER_FIRED_FOR_ROW(trigger.tg_event) || !TRIGGER_FIRED_AFTER(trigger.tg_event))
    throw Error("39P01", "function \"partition_capture\" must be fired after each row");
  pg::call([&] { note_change(trigger); });
}

}  // namespace deal::server
