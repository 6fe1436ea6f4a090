#include "server/soft_delete/view.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/soft_delete/trigger.hpp"

extern "C" {
#include "access/sysattr.h"
#include "catalog/pg_constraint.h"
#include "executor/tuptable.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/typcache.h"
}

namespace deal::server {

namespace {

/// Where the view has the columns of its table's primary key; plain data.
struct ViewKey {
  Oid table;
  int count;
  AttrNumber columns[INDEX_MAX_KEYS];
  AttrNumber shown[INDEX_MAX_KEYS];  ///< the view's column; 0: it doesn't show it
};

Var const* plain_column(const Query& query, int i) {
  auto const* const entry = static_cast<const TargetEntry*>(list_nth(query.targetList, i));
  return !entry->resjunk && IsA(entry->expr, Var) ? reinterpret_cast<const Var*>(entry->expr) : nullptr;
}

/// The table that the view's first plain column is of; it has one only.
Oid table_of(const Query& query) {
  for (int i = 0; i < list_length(query.targetList); ++i)
    if (Var const* const column = plain_column(query, i)) return rt_fetch(column->varno, query.rtable)->relid;
  return InvalidOid;
}

AttrNumber shown_as(const Query& query, AttrNumber number) {
  for (int i = 0; i < list_length(query.targetList); ++i) {
    Var const* const column = plain_column(query, i);
    if (column != nullptr && column->varattno == number) return static_cast<AttrNumber>(i + 1);
  }
  return 0;
}

ViewKey read_view_key(Relation view) {
  return pg::call([&] {
    ViewKey key{};
    Query const& query = *get_view_query(view);
    key.table = table_of(query);
    if (!OidIsValid(key.table)) return key;
    Oid constraint = InvalidOid;
    Bitmapset const* const columns = get_primary_key_attnos(key.table, true, &constraint);
    int member = -1;
    while ((member = bms_next_member(columns, member)) >= 0) {
      auto const number = static_cast<AttrNumber>(member + FirstLowInvalidHeapAttributeNumber);
      key.columns[key.count] = number;
      key.shown[key.count] = shown_as(query, number);
      ++key.count;
    }
    return key;
  });
}

std::string statement(const ViewKey& key, const std::vector<pg::PlanArgument>& values, AttrNumber mark) {
  std::string sql = fmt::format("delete from {} x where ", quoted_name(key.table));
  for (int i = 0; i < key.count; ++i) {
    Oid const type = values[static_cast<size_t>(i)].type;
    Oid const equal = pg::call([&] { return lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr; });
    sql +=
        (i == 0 ? "" : " and ") + comparison("x." + quote_identifier(column_name(key.table, key.columns[i])),
                                             type, equal, "$" + std::to_string(i + 1), type);
  }
  if (mark != 0) sql += fmt::format(" and x.{} is null", quote_identifier(column_name(key.table, mark)));
  return sql;
}

std::vector<pg::PlanArgument> shown_values(const ViewKey& key, const TriggerData& data) {
  std::vector<pg::PlanArgument> values;
  for (int i = 0; i < key.count; ++i)
    if (key.shown[i] > 0) values.push_back(column_value(data.tg_trigslot, key.shown[i]));
  if (key.count > 0 && values.size() == static_cast<size_t>(key.count)) return values;
  throw Error("55000", fmt::format("view {} does not show the whole primary key of its table",
                                   quote_identifier(RelationGetRelationName(data.tg_relation))))
      .hint("Delete from the table, or call deal_advisor.soft_delete_enable again.");
}

}  // namespace

Datum delete_by_view(const TriggerData& data, Oid function) {
  ViewKey const key = read_view_key(data.tg_relation);
  auto const values = shown_values(key, data);
  AttrNumber const mark = mark_column_of(key.table, function);
  int64_t const marked_before = mark_counts().marked;
  auto const result = pg::run_plan(
      {InvalidOid, RelationGetRelid(data.tg_relation), kDeleteByView},
      [&] { return statement(key, values, mark); }, values);
  bool const deleted = result.rows > 0 || mark_counts().marked > marked_before;
  return deleted ? PointerGetDatum(data.tg_trigtuple) : Datum{0};
}

}  // namespace deal::server
