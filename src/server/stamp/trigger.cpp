#include "server/stamp/trigger.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/stamp/stamp.hpp"
#include "server/bridge/row_trigger.hpp"
#include "server/stamp/who.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "mb/pg_wchar.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
}

namespace deal::server {

namespace {

using stamp::Part;

constexpr size_t kPartCount = stamp::kParts.size();

/// A column that takes one part of the stamp; number 0: that part is not kept.
struct Target {
  AttrNumber number;
  Oid type;
  int32 modifier;
};

/// What one statement's rows of one relation need to know; kept with the trigger's function for that long.
struct Layout {
  Target targets[kPartCount];
  stamp::Clock clock;
  bool trust_insert;
};

/// Values that the row is to get.
struct Changes {
  int count = 0;
  int columns[kPartCount];
  Datum values[kPartCount];
  bool nulls[kPartCount];
};

bool holds(Part part, Oid type) {
  if (stamp::is_time(part)) return type == TIMESTAMPTZOID || type == TIMESTAMPOID;
  return type == TEXTOID || type == VARCHAROID || type == NAMEOID;
}

void read_columns(Layout& layout, const Trigger& trigger, TupleDesc row) {
  for (int i = 0; i < std::min<int>(trigger.tgnattr, trigger.tgnargs); ++i) {
    auto const part = stamp::part_of(trigger.tgargs[i]);
    AttrNumber const number = trigger.tgattr[i];
    if (!part || number < 1 || number > row->natts) continue;
    Form_pg_attribute const column = TupleDescAttr(row, number - 1);
    if (column->attisdropped || !holds(*part, column->atttypid)) continue;
    layout.targets[static_cast<size_t>(*part)] = {number, column->atttypid, column->atttypmod};
  }
}

void read_settings(Layout& layout, const Trigger& trigger) {
  for (int i = trigger.tgnattr; i < trigger.tgnargs; ++i) {
    std::string_view const argument = trigger.tgargs[i];
    if (argument == "no_trust_insert") layout.trust_insert = false;
    if (argument.starts_with("clock="))
      layout.clock = stamp::clock_of(argument.substr(6)).value_or(stamp::Clock::transaction);
  }
}

const Layout& layout_of(const pg::Arguments& args, const TriggerData& data) {
  FmgrInfo& function = *args.fcinfo()->flinfo;
  if (function.fn_extra != nullptr) return *static_cast<const Layout*>(function.fn_extra);
  auto* const layout = pg::call(
      [&] { return static_cast<Layout*>(MemoryContextAllocZero(function.fn_mcxt, sizeof(Layout))); });
  layout->trust_insert = true;
  Trigger const* const definition = pg::trigger_with_columns(data.tg_relation, function.fn_oid, nullptr);
  if (definition != nullptr) {
    read_columns(*layout, *definition, RelationGetDescr(data.tg_relation));
    read_settings(*layout, *definition);
  }
  function.fn_extra = layout;
  return *layout;
}

TimestampTz time_of(stamp::Clock clock) {
  switch (clock) {
    case stamp::Clock::statement:
      return GetCurrentStatementStartTimestamp();
    case stamp::Clock::clock:
      return GetCurrentTimestamp();
    default:
      return GetCurrentTransactionStartTimestamp();
  }
}

Datum time_value(const Target& target, stamp::Clock clock) {
  Datum const at = TimestampTzGetDatum(time_of(clock));
  bool const zoned = target.type == TIMESTAMPTZOID;
  if (zoned && target.modifier < 0) return at;
  return pg::call([&] {
    Datum const value = zoned ? at : DirectFunctionCall1(timestamptz_timestamp, at);
    if (target.modifier < 0) return value;
    return DirectFunctionCall2(zoned ? timestamptz_scale : timestamp_scale, value,
                               Int32GetDatum(target.modifier));
  });
}

Datum name_value(const Target& target, std::string_view name) {
  if (target.type == NAMEOID) return pg::name_datum(name);
  if (target.type == VARCHAROID && target.modifier >= VARHDRSZ) {
    int const most = target.modifier - VARHDRSZ;
    int const size = static_cast<int>(name.size());
    name = name.substr(0, static_cast<size_t>(pg_mbcharcliplen(name.data(), size, most)));
  }
  return pg::text_datum(name);
}

void set(Changes& changes, const Target& target, Datum value, bool null) {
  changes.columns[changes.count] = target.number;
  changes.values[changes.count] = value;
  changes.nulls[changes.count] = null;
  ++changes.count;
}

void set_stamp(Changes& changes, const Layout& layout, Part part) {
  Target const& target = layout.targets[static_cast<size_t>(part)];
  set(changes, target, stamp::is_time(part) ? time_value(target, layout.clock) : name_value(target, who()),
      false);
}

/// Bytes are compared, not meanings: 1.0 in place of 1 is a change. Two equal pointers to a value out of line
/// are the same value, which then needn't be fetched.
bool same(const FormData_pg_attribute& column, Datum one, bool one_null, Datum other, bool other_null) {
  if (one_null || other_null) return one_null == other_null;
  if (column.attbyval) return one == other;
  if (column.attlen == -1) {
    auto const* const left = reinterpret_cast<const varlena*>(DatumGetPointer(one));
    auto const* const right = reinterpret_cast<const varlena*>(DatumGetPointer(other));
    if (VARATT_IS_EXTERNAL_ONDISK(left) && VARATT_IS_EXTERNAL_ONDISK(right) &&
        std::memcmp(left, right, VARSIZE_EXTERNAL(left)) == 0)
      return true;
  }
  return datum_image_eq(one, other, column.attbyval, column.attlen);
}

bool is_stamp(const Layout& layout, AttrNumber number) {
  return std::any_of(std::begin(layout.targets), std::end(layout.targets),
                     [&](const Target& target) { return target.number == number; });
}

bool same_column(const TriggerData& data, int i) {
  TupleTableSlot const* const old_row = data.tg_trigslot;
  TupleTableSlot const* const new_row = data.tg_newslot;
  return same(*TupleDescAttr(new_row->tts_tupleDescriptor, i), old_row->tts_values[i], old_row->tts_isnull[i],
              new_row->tts_values[i], new_row->tts_isnull[i]);
}

/// True if a column other than the stamps changed. What is generated follows others, and is not computed yet.
bool row_changed(const Layout& layout, const TriggerData& data) {
  return pg::call([&] {
    slot_getallattrs(data.tg_trigslot);
    slot_getallattrs(data.tg_newslot);
    TupleDesc const row = data.tg_newslot->tts_tupleDescriptor;
    for (int i = 0; i < row->natts; ++i) {
      Form_pg_attribute const column = TupleDescAttr(row, i);
      if (column->attisdropped || column->attgenerated != '\0') continue;
      if (is_stamp(layout, static_cast<AttrNumber>(i + 1))) continue;
      if (!same_column(data, i)) return true;
    }
    return false;
  });
}

void keep_old(Changes& changes, const Target& target, const TriggerData& data) {
  int const i = target.number - 1;
  if (pg::call([&] { return same_column(data, i); })) return;
  set(changes, target, data.tg_trigslot->tts_values[i], data.tg_trigslot->tts_isnull[i]);
}

Changes changes_of_insert(const Layout& layout, const TriggerData& data) {
  Changes changes;
  for (Part const part : stamp::kParts) {
    Target const& target = layout.targets[static_cast<size_t>(part)];
    if (target.number == 0) continue;
    bool const given = pg::call([&] {
      bool null = true;
      (void)slot_getattr(data.tg_trigslot, target.number, &null);
      return !null;
    });
    if (!given || !layout.trust_insert) set_stamp(changes, layout, part);
  }
  return changes;
}

Changes changes_of_update(const Layout& layout, const TriggerData& data) {
  Changes changes;
  bool const changed = row_changed(layout, data);
  for (Part const part : stamp::kParts) {
    Target const& target = layout.targets[static_cast<size_t>(part)];
    if (target.number == 0) continue;
    bool const fixed = part == Part::created_at || part == Part::created_by;
    if (fixed || !changed)
      keep_old(changes, target, data);
    else
      set_stamp(changes, layout, part);
  }
  return changes;
}

HeapTuple stamped(const TriggerData& data, HeapTuple row, Changes& changes) {
  if (changes.count == 0) return row;
  return pg::call([&] {
    return heap_modify_tuple_by_cols(row, RelationGetDescr(data.tg_relation), changes.count, changes.columns,
                                     changes.values, changes.nulls);
  });
}

}  // namespace

Datum stamp_row(const pg::Arguments& args) {
  TriggerData const& data = pg::row_trigger(args, "stamp");
  bool const insert = TRIGGER_FIRED_BY_INSERT(data.tg_event);
  bool const update = TRIGGER_FIRED_BY_UPDATE(data.tg_event);
  if (!TRIGGER_FIRED_BEFORE(data.tg_event) || (!insert && !update))
    throw Error("39P01", "function \"stamp\" must be fired before INSERT or UPDATE");
  HeapTuple const row = insert ? data.tg_trigtuple : data.tg_newtuple;
  // The trigger with the column list does INSERTs; of UPDATEs the other one sees all.
  if (update && data.tg_trigger->tgnattr > 0) return PointerGetDatum(row);
  Layout const& layout = layout_of(args, data);
  Changes changes = insert ? changes_of_insert(layout, data) : changes_of_update(layout, data);
  return PointerGetDatum(stamped(data, row, changes));
}

}  // namespace deal::server
