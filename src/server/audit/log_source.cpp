#include "server/audit/log_source.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/log_place.hpp"
#include "server/audit/relation_layout.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

std::string schema_name_of(Oid relation) {
  return pg::call([&] { return get_namespace_name(get_rel_namespace(relation)); });
}
std::string table_name_of(Oid relation) {
  return pg::call([&] { return get_rel_name(relation); });
}

/// True if the log's row is of this table: anybody may name any log in a trigger of their own.
bool is_row_of(const AuditedTable& table, Oid relation, Oid log_owner) {
  Incarnation const own = incarnation_of(relation);
  if (table.incarnation.database == own.database && table.incarnation.system == own.system)
    return table.incarnation.relation == relation;
  Oid const owner = pg::relation_owner(relation);
  return owner == log_owner ||
         (table.owner == pg::role_name(owner) && table.name == table_name_of(relation) &&
          table.schema == schema_name_of(relation));
}

/// Without a trigger: in the logs of the table's owner.
std::optional<TriggerArguments> search_logs(Oid relation) {
  Oid const owner = pg::relation_owner(relation);
  Incarnation const own = incarnation_of(relation);
  for (LogPlace const& log : all_logs()) {
    if (log.owner != owner) continue;
    pg::AsRole const as_owner(owner);
    pg::Spi spi;
    pg::SqlResult const rows = spi.query(
        fmt::format(
            "select table_id from {} where (database, system_id) = ($2::oid, $3::bigint) and relation = "
            "$1::oid or (database, system_id) <> ($2::oid, $3::bigint) and schema_name = $4 and "
            "table_name = $5 order by relation = $1::oid desc, table_id desc limit 1",
            quote_qualified(log.schema, audit::kTables)),
        {std::to_string(relation), std::to_string(own.database),
         std::to_string(static_cast<int64_t>(own.system)), schema_name_of(relation),
         table_name_of(relation)});
    if (!rows.empty()) return TriggerArguments{log.schema, static_cast<int32>(rows.int8(0, 0))};
  }
  return std::nullopt;
}

void read_layouts(LogSource& source) {
  constexpr const char* kMicroseconds = "(extract(epoch from {}) * 1000000)::bigint - 946684800000000";
  pg::AsRole const as_owner(source.log_owner);
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      fmt::format(
          "select {}, {}, l.layout, l.relation, l.database, l.system_id, l.relation_name, l.columns, {} "
          "from {} t left join {} l on l.table_id = t.table_id where t.table_id = $1::integer "
          "order by l.layout",
          fmt::format(fmt::runtime(kMicroseconds), "t.enabled"),
          fmt::format(fmt::runtime(kMicroseconds), "t.disabled"),
          fmt::format(fmt::runtime(kMicroseconds), "l.noted"), log_relation(source, audit::kTables),
          log_relation(source, audit::kLayouts)),
      {std::to_string(source.table.table)});
  for (size_t row = 0; row < rows.size(); ++row) {
    source.enabled = rows.int8(row, 0);
    if (!rows.is_null(row, 1)) source.disabled = rows.int8(row, 1);
    if (rows.is_null(row, 2)) continue;
    NotedLayout layout;
    layout.stored.incarnation = {rows.oid(row, 3), rows.oid(row, 4), static_cast<uint64>(rows.int8(row, 5))};
    layout.stored.relation_name = rows.text(row, 6);
    layout.stored.layout = audit::parse_layout(rows.text(row, 7));
    layout.stored.layout.number = static_cast<int32>(rows.int8(row, 2));
    layout.noted = rows.int8(row, 8);
    source.layouts.push_back(std::move(layout));
  }
}

/// The newest layout that says what the table itself looked like; null: there is none.
const NotedLayout* newest_layout(const LogSource& source, TimestampTz until) {
  Incarnation const own = incarnation_of(source.relation);
  const NotedLayout* best = nullptr;
  auto const rank = [&](const NotedLayout& layout) {
    if (layout.stored.incarnation == own) return 2;
    return layout.stored.relation_name == source.name ? 1 : 0;
  };
  for (NotedLayout const& layout : source.layouts) {
    if (layout.noted > until) continue;
    if (best == nullptr || rank(layout) >= rank(*best)) best = &layout;
  }
  return best;
}

/// The table as it is now, with the identities that the log gives its columns.
audit::Layout current_layout(const LogSource& source) {
  audit::Layout current = read_layout(source.relation);
  const NotedLayout* const newest = newest_layout(source, DT_NOEND);
  identify_columns(current, source.relation, newest == nullptr ? nullptr : &newest->stored);
  return current;
}

bool is_virtual(Oid relation, int number) {
#if PG_VERSION_NUM >= 180000
  return pg::call([&] { return get_attgenerated(relation, static_cast<AttrNumber>(number)) == 'v'; });
#else
  (void)relation;
  (void)number;
  return false;
#endif
}

void describe_columns(LogSource& source) {
  std::vector<audit::Layout> layouts;
  layouts.reserve(source.layouts.size());
  for (NotedLayout const& layout : source.layouts)
    layouts.push_back(layout.stored.layout);
  source.columns = std::make_shared<const audit::Columns>(current_layout(source), layouts);
  for (int slot = 0; slot < source.columns->count(); ++slot) {
    audit::Column const& column = source.columns->at(slot);
    source.recorded.push_back(column.number != 0 && column.treatment != audit::Treatment::ignored &&
                              !(column.generated && is_virtual(source.relation, column.number)));
  }
  for (int const id : source.table.key_columns) {
    int const slot = source.columns->slot_of_id(id);
    if (slot >= 0 && source.columns->at(slot).number != 0) source.key.push_back(slot);
  }
  // As the capture does: a key that lost a column tells rows apart no more.
  if (source.key.size() != source.table.key_columns.size()) source.key.clear();
}

void refuse_part(Oid relation, const AuditedTable& table) {
  Oid const whole = table.incarnation.relation;
  bool const is_part = pg::call([&] {
    if (get_rel_relispartition(relation)) return true;
    return get_rel_type_id(whole) != InvalidOid && get_rel_type_id(relation) != InvalidOid &&
           typeInheritsFrom(get_rel_type_id(relation), get_rel_type_id(whole));
  });
  if (!is_part) return;
  std::string const name = quote_qualified(table.schema, table.name);
  throw Error("42809", quote_qualified(schema_name_of(relation), table_name_of(relation)) +
                           " is audited as a part of " + name)
      .hint("Ask for the whole table, " + name + ".");
}

}  // namespace

std::string log_relation(const LogSource& source, const char* name) {
  return quote_qualified(source.log, name);
}

std::optional<LogSource> find_log_source(Oid relation) {
  LogSource source;
  source.relation = relation;
  source.owner = pg::relation_owner(relation);
  std::optional<TriggerArguments> named = trigger_arguments(relation);
  if (!named) named = search_logs(relation);
  if (!named) return std::nullopt;
  std::optional<LogPlace> const place = find_log_place(named->log);
  if (!place) return std::nullopt;
  source.log = place->schema;
  source.log_owner = place->owner;
  std::optional<AuditedTable> table = LogConfig(source.log, source.log_owner).table(named->table);
  if (!table) return std::nullopt;
  if (!is_row_of(*table, relation, source.log_owner)) {
    refuse_part(relation, *table);
    return std::nullopt;
  }
  source.table = std::move(*table);
  source.name = quote_qualified(schema_name_of(relation), table_name_of(relation));
  read_layouts(source);
  describe_columns(source);
  return source;
}

LogSource open_log_source(Oid relation) {
  if (pg::relation_owner(relation) == InvalidOid)
    throw Error("42P01", fmt::format("there is no relation with OID {}", relation));
  if (std::optional<LogSource> source = find_log_source(relation)) return std::move(*source);
  throw Error("42704", quote_qualified(schema_name_of(relation), table_name_of(relation)) + " is not audited")
      .hint(
          "deal_advisor.audit_enable begins to record its changes; deal_advisor.audit_status() lists audited "
          "tables.");
}

std::vector<std::string> names_at(const LogSource& source, TimestampTz at) {
  std::vector<std::string> names(static_cast<size_t>(source.columns->count()));
  const NotedLayout* then = newest_layout(source, at);
  if (then == nullptr && !source.layouts.empty()) then = &source.layouts.front();
  if (then != nullptr) {
    for (audit::LayoutColumn const& column : then->stored.layout.columns)
      names[static_cast<size_t>(source.columns->slot_of_id(column.id))] = column.name;
  }
  // What was added and not written to since: the log can't know when, so it wasn't there before this
  // transaction.
  bool const is_now = at >= GetCurrentTransactionStartTimestamp();
  for (int slot = 0; slot < source.columns->count() && (is_now || then == nullptr); ++slot)
    if (!source.columns->at(slot).in_log) names[static_cast<size_t>(slot)] = source.columns->at(slot).name;
  return names;
}

}  // namespace deal::server
