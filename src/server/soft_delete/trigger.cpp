#include "server/soft_delete/trigger.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/soft_delete/move.hpp"
#include "server/soft_delete/view.hpp"

extern "C" {
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "utils/timestamp.h"
}

namespace deal::server {

namespace {

Oid purged = InvalidOid;

/// Marks of a session grow: rows that two DELETEs marked are told apart, also within a transaction.
TimestampTz next_mark() {
  static TimestampTz last = 0;
  last = std::max(GetCurrentTimestamp(), last + 1);
  return last;
}

bool is_there(const ForeignKey& key, std::span<const pg::PlanArgument> values) {
  pg::AsOwner const owner(pg::relation_owner(key.parent));
  return pg::run_plan(
             {key.constraint, key.parent, kFindReferenced},
             [&] { return soft_delete::find_referenced(referenced_row(key)); }, values, pg::Sees::latest)
             .rows > 0;
}

/// True if the row is deleted because its parent was: by a foreign key's ON DELETE CASCADE. Keeping it would
/// leave it without a parent. A DELETE that no trigger runs can't be that.
bool parent_is_gone(const TriggerData& data) {
  if (pg::trigger_depth() < 2) return false;
  for (auto const& key : keys_of(data.tg_relation)) {
    if (key.on_delete != FKCONSTR_ACTION_CASCADE) continue;
    auto const values = key_values(data.tg_trigslot, key.child_columns, key.count);
    bool const whole = std::none_of(values.begin(), values.end(), [](auto const& v) { return v.value.null; });
    if (whole && !is_there(key, values)) return true;
  }
  return false;
}

/// A trigger that fired before ours may have updated the row: then its mark would go to a version that is no
/// more. The server refuses a DELETE for that, and so do we; one that vetoed the mark's UPDATE is heeded.
void check_still_there(Oid relation, const pg::PlanArgument& place) {
  auto const found = pg::run_plan({InvalidOid, relation, kLockRow},
                                  [&] { return soft_delete::lock_row(quoted_name(relation)); }, {&place, 1});
  if (found.rows == 0)
    throw Error("27000",
                "tuple to be deleted was already modified by an operation triggered by the current command")
        .hint(
            "Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other "
            "rows.");
}

/// With the owner's rights: who may delete the row needn't be allowed to update it, nor to see it afterwards.
void mark_row(const TriggerData& data, AttrNumber column) {
  Oid const relation = RelationGetRelid(data.tg_relation);
  pg::PlanArgument const place{TIDOID, {PointerGetDatum(&data.tg_trigtuple->t_self), false}};
  pg::PlanArgument const arguments[] = {{TIMESTAMPTZOID, pg::timestamp_value(next_mark())}, place};
  pg::AsOwner const owner(data.tg_relation->rd_rel->relowner);
  auto const result = pg::run_plan(
      {InvalidOid, relation, kMarkRow},
      [&] { return soft_delete::mark_row(quoted_name(relation), column_name(relation, column)); }, arguments);
  if (result.rows == 0) check_still_there(relation, place);
  mark_counts().marked += static_cast<int64_t>(result.rows);
}

Datum delete_row(const TriggerData& data, const FmgrInfo& function) {
  Datum const really = PointerGetDatum(data.tg_trigtuple);
  AttrNumber const column = mark_column(data.tg_relation, function.fn_oid);
  if (column == 0 || is_moving(data, function)) return really;
  bool const marked = !column_value(data.tg_trigslot, column).value.null;
  if (marked && purged == RelationGetRelid(data.tg_relation)) return really;
  if (parent_is_gone(data)) return really;
  if (!marked) mark_row(data, column);
  return Datum{0};
}

[[noreturn]] void refuse_place() {
  throw Error("39P01", "function \"soft_delete\" is not fired where soft_delete_enable puts it");
}

Datum before(const TriggerData& data, FmgrInfo& function) {
  if (TRIGGER_FIRED_BY_DELETE(data.tg_event)) return delete_row(data, function);
  if (!TRIGGER_FIRED_BY_UPDATE(data.tg_event)) refuse_place();
  note_update(data, function);
  return PointerGetDatum(data.tg_newtuple);
}

void after(const TriggerData& data, Oid function) {
  Trigger const& trigger = *data.tg_trigger;
  std::string_view const place = trigger.tgnattr > 0 && trigger.tgnargs > 0 ? trigger.tgargs[0] : "";
  bool const update = TRIGGER_FIRED_BY_UPDATE(data.tg_event);
  if (place == soft_delete::kMark && update) return follow_mark(data, function);
  if (place == soft_delete::kReference && (update || TRIGGER_FIRED_BY_INSERT(data.tg_event)))
    return check_references(data, function);
  refuse_place();
}

}  // namespace

MarkCounts& mark_counts() {
  static MarkCounts counts;
  return counts;
}

Purging::Purging(Oid relation) {
  purged = relation;
}

Purging::~Purging() {
  purged = InvalidOid;
}

Datum soft_delete_row(const pg::Arguments& args) {
  TriggerData const& data = pg::row_trigger(args, "soft_delete");
  FmgrInfo& function = *args.fcinfo()->flinfo;
  if (TRIGGER_FIRED_INSTEAD(data.tg_event)) {
    if (!TRIGGER_FIRED_BY_DELETE(data.tg_event)) refuse_place();
    return delete_by_view(data, function.fn_oid);
  }
  if (TRIGGER_FIRED_BEFORE(data.tg_event)) return before(data, function);
  after(data, function.fn_oid);
  return Datum{0};
}

}  // namespace deal::server
