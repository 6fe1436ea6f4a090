/// No live row refers to a row that is marked.

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/soft_delete/trigger.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

using pg::PlanArgument;

bool same_values(const TriggerData& data, const AttrNumber* columns, int count) {
  for (int i = 0; i < count; ++i) {
    pg::Value const one = column_value(data.tg_trigslot, columns[i]).value;
    pg::Value const other = column_value(data.tg_newslot, columns[i]).value;
    if (one.null != other.null) return false;
    Form_pg_attribute const column = TupleDescAttr(data.tg_newslot->tts_tupleDescriptor, columns[i] - 1);
    if (!one.null &&
        !pg::call([&] { return datum_image_eq(one.datum, other.datum, column->attbyval, column->attlen); }))
      return false;
  }
  return true;
}

/// The server has locked the parent's key for an INSERT, unless it may do so later; of an UPDATE it leaves
/// out rows whose key is the same.
void lock_parent(const ForeignKey& key, std::span<const PlanArgument> values) {
  pg::run_plan(
      {key.constraint, key.parent, kLockReferenced},
      [&] { return soft_delete::lock_referenced(referenced_row(key)); }, values, pg::Sees::latest);
}

bool parent_is_marked(const ForeignKey& key, AttrNumber mark, std::span<const PlanArgument> values) {
  auto const found = pg::run_plan(
      {key.constraint, key.parent, kMarkOfReferenced},
      [&] { return soft_delete::mark_of_referenced(referenced_row(key), column_name(key.parent, mark)); },
      values, pg::Sees::latest);
  return found.rows > 0 && !found.first_null;
}

[[noreturn]] void refuse(const TriggerData& data, const ForeignKey& key) {
  struct Names {
    const char* constraint;
    const char* parent;
  };
  Names const names = pg::call([&] {
    return Names{get_constraint_name(key.constraint), get_rel_name(key.parent)};
  });
  std::string const parent = names.parent != nullptr ? names.parent : "";
  throw Error("23503", fmt::format("insert or update on table \"{}\" violates foreign key constraint \"{}\"",
                                   RelationGetRelationName(data.tg_relation),
                                   names.constraint != nullptr ? names.constraint : ""))
      .detail(fmt::format("Key is present in table \"{}\", but soft-deleted.", parent))
      .hint("deal_advisor.soft_delete_restore brings the row back.");
}

/// Whether the row's own mark was taken away: then even an unchanged key has to be looked at.
bool came_back(const TriggerData& data, AttrNumber own_mark) {
  return own_mark != 0 && !column_value(data.tg_trigslot, own_mark).value.null;
}

}  // namespace

void check_references(const TriggerData& data, Oid function) {
  bool const update = TRIGGER_FIRED_BY_UPDATE(data.tg_event);
  TupleTableSlot* const row = update ? data.tg_newslot : data.tg_trigslot;
  AttrNumber const own_mark = mark_column(data.tg_relation, function);
  if (own_mark != 0 && !column_value(row, own_mark).value.null) return;
  for (auto const& key : keys_of(data.tg_relation)) {
    AttrNumber const mark = mark_column_of(key.parent, function);
    if (mark == 0) continue;
    if (update && !came_back(data, own_mark) && same_values(data, key.child_columns, key.count)) continue;
    auto const values = key_values(row, key.child_columns, key.count);
    if (std::any_of(values.begin(), values.end(), [](auto const& value) { return value.value.null; }))
      continue;
    pg::AsOwner const owner(pg::relation_owner(key.parent));
    if (update || key.deferrable) lock_parent(key, values);
    if (parent_is_marked(key, mark, values)) refuse(data, key);
  }
}

}  // namespace deal::server
