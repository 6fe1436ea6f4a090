#include "server/soft_delete/foreign_key.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

/// The constraint, or one of no columns when it is gone.
ForeignKey read_key(Oid constraint) {
  return pg::call([&] {
    ForeignKey key{};
    HeapTuple const row = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
    if (!HeapTupleIsValid(row)) return key;
    auto const* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(row));
    key.constraint = constraint;
    key.child = form->conrelid;
    key.parent = form->confrelid;
    key.on_delete = form->confdeltype;
    key.deferrable = form->condeferrable;
    Oid unused[INDEX_MAX_KEYS];
    Oid unused_too[INDEX_MAX_KEYS];
    DeconstructFkConstraintRow(row, &key.count, key.child_columns, key.parent_columns, key.equals, unused,
                               unused_too, &key.set_count, key.set_columns);
    ReleaseSysCache(row);
    return key;
  });
}

bool is_ancestor(Oid table, Oid partition) {
  return pg::call([&] {
    return get_rel_relispartition(partition) && list_member_oid(get_partition_ancestors(partition), table);
  });
}

/// What FROM and UPDATE say; the server's own checks say ONLY as well.
std::string scanned(Oid relation) {
  bool const partitioned = pg::call([&] { return get_rel_relkind(relation) == RELKIND_PARTITIONED_TABLE; });
  return (partitioned ? "" : "only ") + quoted_name(relation) + " x";
}

Oid column_type(Oid relation, AttrNumber number) {
  return pg::call([&] { return get_atttype(relation, number); });
}

}  // namespace

std::vector<ForeignKey> keys_referring_to(Relation parent) {
  std::vector<Oid> constraints;
  TriggerDesc const* const triggers = parent->trigdesc;
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; ++i) {
    Trigger const& trigger = triggers->triggers[i];
    // The server's own trigger for what DELETE does: one for each key.
    if (TRIGGER_FOR_DELETE(trigger.tgtype) && OidIsValid(trigger.tgconstraint) &&
        RI_FKey_trigger_type(trigger.tgfoid) == RI_TRIGGER_PK)
      constraints.push_back(trigger.tgconstraint);
  }
  std::vector<ForeignKey> keys;
  for (Oid const constraint : constraints) {
    keys.push_back(read_key(constraint));
    if (keys.back().count == 0) keys.pop_back();
  }
  return keys;
}

std::vector<ForeignKey> keys_of(Relation child) {
  std::vector<Oid> constraints;
  List const* const list = pg::call([&] { return RelationGetFKeyList(child); });
  constraints.reserve(static_cast<size_t>(list_length(list)));
  for (int i = 0; i < list_length(list); ++i)
    constraints.push_back(static_cast<const ForeignKeyCacheInfo*>(list_nth(list, i))->conoid);
  std::vector<ForeignKey> all;
  all.reserve(constraints.size());
  for (Oid const constraint : constraints)
    all.push_back(read_key(constraint));
  std::vector<ForeignKey> keys;
  for (auto const& key : all) {
    bool const repeated = std::any_of(all.begin(), all.end(), [&](const ForeignKey& other) {
      return other.parent != key.parent && is_ancestor(other.parent, key.parent);
    });
    if (key.count > 0 && !repeated) keys.push_back(key);
  }
  return keys;
}

std::string comparison(const std::string& left, Oid left_type, Oid operator_oid, const std::string& right,
                       Oid right_type) {
  return pg::call([&]() -> const char* {
    StringInfoData text;
    initStringInfo(&text);
    generate_operator_clause(&text, left.c_str(), left_type, operator_oid, right.c_str(), right_type);
    return text.data;
  });
}

std::string quoted_name(Oid relation) {
  struct Names {
    const char* schema;
    const char* name;
  };
  Names const names = pg::call([&] {
    return Names{get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation)};
  });
  if (names.schema == nullptr || names.name == nullptr) throw Error("42P01", "a table is gone");
  return quote_qualified(names.schema, names.name);
}

std::string column_name(Oid relation, AttrNumber number) {
  return pg::call([&]() -> const char* { return get_attname(relation, number, false); });
}

soft_delete::Others referring_rows(const ForeignKey& key) {
  soft_delete::Others others{scanned(key.child), "", key.count};
  for (int i = 0; i < key.count; ++i) {
    AttrNumber const number = key.child_columns[i];
    others.condition +=
        (i == 0 ? "" : " and ") +
        comparison("$" + std::to_string(i + 1), column_type(key.parent, key.parent_columns[i]), key.equals[i],
                   "x." + quote_identifier(column_name(key.child, number)), column_type(key.child, number));
  }
  return others;
}

soft_delete::Others referenced_row(const ForeignKey& key) {
  soft_delete::Others others{scanned(key.parent), "", key.count};
  for (int i = 0; i < key.count; ++i) {
    AttrNumber const number = key.parent_columns[i];
    others.condition +=
        (i == 0 ? "" : " and ") +
        comparison("x." + quote_identifier(column_name(key.parent, number)), column_type(key.parent, number),
                   key.equals[i], "$" + std::to_string(i + 1), column_type(key.child, key.child_columns[i]));
  }
  return others;
}

AttrNumber mark_column(Relation relation, Oid function) {
  Trigger const* const trigger = pg::trigger_with_columns(relation, function, soft_delete::kMark);
  return trigger == nullptr ? AttrNumber{0} : trigger->tgattr[0];
}

AttrNumber mark_column_of(Oid relation, Oid function) {
  return pg::call([&] {
    Relation const table = table_open(relation, AccessShareLock);
    AttrNumber const column = mark_column(table, function);
    table_close(table, AccessShareLock);
    return column;
  });
}

pg::PlanArgument column_value(TupleTableSlot* row, AttrNumber number) {
  return pg::call([&] {
    pg::PlanArgument argument;
    argument.type = TupleDescAttr(row->tts_tupleDescriptor, number - 1)->atttypid;
    argument.value.datum = slot_getattr(row, number, &argument.value.null);
    return argument;
  });
}

std::vector<pg::PlanArgument> key_values(TupleTableSlot* row, const AttrNumber* columns, int count) {
  std::vector<pg::PlanArgument> values;
  values.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i)
    values.push_back(column_value(row, columns[i]));
  return values;
}

}  // namespace deal::server
