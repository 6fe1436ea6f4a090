/// What happens to a row's mark happens to the rows that refer to it, as their foreign keys say.

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/soft_delete/trigger.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

using pg::PlanArgument;

/// A foreign key, the parent's row that it is about, and the child's mark.
struct Step {
  ForeignKey key;
  std::vector<PlanArgument> values;
  AttrNumber mark;  ///< the child's; 0: it has no soft deletes

  std::string mark_name() const { return mark == 0 ? std::string() : column_name(key.child, mark); }
  std::vector<PlanArgument> with(std::initializer_list<PlanArgument> marks) const {
    std::vector<PlanArgument> all = values;
    all.insert(all.end(), marks);
    return all;
  }
  /// With the child's owner's rights, as the server's own actions have; the number of rows.
  uint64 run(PlanKind kind, const std::function<std::string()>& sql,
             const std::vector<PlanArgument>& arguments) const {
    pg::AsOwner const owner(pg::relation_owner(key.child));
    return pg::run_plan({key.constraint, key.parent, kind}, sql, arguments, pg::Sees::latest).rows;
  }
};

std::string plain_name(Oid relation) {
  const char* const name = pg::call([&]() -> const char* { return get_rel_name(relation); });
  return name != nullptr ? name : "";
}

[[noreturn]] void refuse(const Step& step) {
  const char* const constraint =
      pg::call([&]() -> const char* { return get_constraint_name(step.key.constraint); });
  std::string const child = plain_name(step.key.child);
  Error error("23503",
              fmt::format("update or delete on table \"{}\" violates foreign key constraint \"{}\" on "
                          "table \"{}\"",
                          plain_name(step.key.parent), constraint != nullptr ? constraint : "", child));
  error.detail(fmt::format("Key is still referenced from table \"{}\".", child));
  if (step.key.on_delete == FKCONSTR_ACTION_CASCADE)
    error.hint(fmt::format("Table \"{}\" has no soft deletes: deal_advisor.soft_delete_enable gives it some.",
                           child));
  throw error;
}

void refuse_if_referenced(const Step& step) {
  uint64 const found = step.run(
      step.mark == 0 ? kFindReferring : kFindLiveReferring,
      [&] { return soft_delete::find_referring(referring_rows(step.key), step.mark_name()); }, step.values);
  if (found > 0) refuse(step);
}

void take_along(const Step& step, const PlanArgument& mark, bool cascade_delete) {
  if (step.mark != 0) {
    step.run(
        kMarkReferring,
        [&] { return soft_delete::mark_referring(referring_rows(step.key), step.mark_name()); },
        step.with({mark}));
  } else if (cascade_delete) {
    step.run(
        kDeleteReferring, [&] { return soft_delete::delete_referring(referring_rows(step.key)); },
        step.values);
  } else {
    refuse_if_referenced(step);
  }
}

void set_columns(const Step& step) {
  auto const sql = [&] {
    std::vector<std::string> columns;
    bool const all = step.key.set_count == 0;
    columns.reserve(static_cast<size_t>(step.key.count));
    for (int i = 0; i < (all ? step.key.count : step.key.set_count); ++i)
      columns.push_back(
          column_name(step.key.child, all ? step.key.child_columns[i] : step.key.set_columns[i]));
    return soft_delete::set_referring(referring_rows(step.key), columns,
                                      step.key.on_delete == FKCONSTR_ACTION_SETDEFAULT);
  };
  step.run(kSetReferring, sql, step.values);
}

void follow_deletion(const Step& step, const PlanArgument& mark, bool cascade_delete) {
  switch (step.key.on_delete) {
    case FKCONSTR_ACTION_CASCADE:
      return take_along(step, mark, cascade_delete);
    case FKCONSTR_ACTION_SETNULL:
    case FKCONSTR_ACTION_SETDEFAULT:
      return set_columns(step);
    default:
      return refuse_if_referenced(step);
  }
}

/// Brought back, or marked with another time: so are the rows that went along, known by the same mark.
void follow_change(const Step& step, const PlanArgument& old_mark, const PlanArgument& new_mark) {
  if (step.key.on_delete != FKCONSTR_ACTION_CASCADE || step.mark == 0) return;
  step.run(
      kChangeMarks, [&] { return soft_delete::change_marks(referring_rows(step.key), step.mark_name()); },
      step.with({new_mark, old_mark}));
}

/// From here on nobody gets a share of the row's key who did not have it before, and who had it is waited
/// for: what refers to the row by then is seen below. An UPDATE of the mark alone doesn't lock the key.
void lock_key(const TriggerData& data) {
  Oid const relation = RelationGetRelid(data.tg_relation);
  PlanArgument const place[] = {{TIDOID, {PointerGetDatum(&data.tg_newtuple->t_self), false}}};
  pg::AsOwner const owner(data.tg_relation->rd_rel->relowner);
  pg::run_plan(
      {InvalidOid, relation, kLockRow}, [&] { return soft_delete::lock_row(quoted_name(relation)); }, place,
      pg::Sees::latest);
}

bool says_cascade_delete(const Trigger& trigger) {
  return trigger.tgnargs > 1 && std::strcmp(trigger.tgargs[1], soft_delete::kCascadeDelete) == 0;
}

}  // namespace

void follow_mark(const TriggerData& data, Oid function) {
  AttrNumber const column = data.tg_trigger->tgattr[0];
  PlanArgument const old_mark = column_value(data.tg_trigslot, column);
  PlanArgument const new_mark = column_value(data.tg_newslot, column);
  bool const same_time = !old_mark.value.null && !new_mark.value.null &&
                         DatumGetInt64(old_mark.value.datum) == DatumGetInt64(new_mark.value.datum);
  if (same_time || (old_mark.value.null && new_mark.value.null)) return;
  if (new_mark.value.null) ++mark_counts().restored;
  auto const keys = keys_referring_to(data.tg_relation);
  if (keys.empty()) return;
  bool const deleted = old_mark.value.null;
  if (deleted) lock_key(data);
  for (auto const& key : keys) {
    Step const step{key, key_values(data.tg_newslot, key.parent_columns, key.count),
                    mark_column_of(key.child, function)};
    if (deleted)
      follow_deletion(step, new_mark, says_cascade_delete(*data.tg_trigger));
    else
      follow_change(step, old_mark, new_mark);
  }
}

}  // namespace deal::server
