#include "server/audit/status.hpp"

#include <fmt/format.h>

#include "core/audit/enable.hpp"
#include "core/audit/enable_call.hpp"
#include "core/audit/log_schema.hpp"
#include "core/base/quote.hpp"
#include "server/audit/log_config.hpp"
#include "server/audit/log_place.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"

namespace deal::server {

namespace {

/// What the catalog says of a log.
struct LogFacts {
  LogPlace place;
  double rows = 0;
  int64_t bytes = 0;
  std::optional<std::string> ready_until;
  int64_t overflow_rows = 0;
};

LogFacts read_log(pg::Spi& spi, const LogPlace& place) {
  LogFacts facts;
  facts.place = place;
  pg::LocalSettings const settings;  // bounds are compared as texts
  settings.set("DateStyle", "ISO");
  settings.set("TimeZone", "UTC");
  pg::AsRole const owner(place.owner);  // members of pg_monitor have no USAGE on the log's schema
  pg::SqlResult const size = spi.query(
      "select coalesce(sum(greatest(c.reltuples, 0)), 0), "
      "coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0), "
      "max(pg_catalog.substring(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']*)''\\)') "
      "collate \"C\") "
      "from pg_catalog.pg_class c left join pg_catalog.pg_inherits i on i.inhrelid = c.oid where c.oid = "
      "$1::regclass "
      "or c.oid = $2::regclass or i.inhparent = $1::regclass",
      {quote_qualified(place.schema, audit::kEvents), quote_qualified(place.schema, audit::kOverflow)});
  facts.rows = size.float8(0, 0);
  facts.bytes = size.int8(0, 1);
  facts.ready_until = size.cell(0, 2);
  pg::Spi as_owner;
  facts.overflow_rows =
      as_owner.query("select count(*) from " + quote_qualified(place.schema, audit::kOverflow)).int8(0, 0);
  return facts;
}

/// One row of audit_table and the columns that its newest layout hides.
struct TableFacts {
  int table = 0;
  std::string schema;
  std::string name;
  bool enabled = false;
  TimestampTz since = 0;
  audit::EnableSettings settings;  ///< but for the log's owner
};

std::vector<std::string> hidden_columns(const audit::Layout& layout, audit::Treatment treatment) {
  std::vector<std::string> names;
  for (audit::LayoutColumn const& column : layout.columns)
    if (column.treatment == treatment) names.push_back(column.name);
  return names;
}

std::vector<TableFacts> read_tables(const LogPlace& place) {
  pg::AsRole const owner(place.owner);
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(fmt::format(
      "select t.table_id, t.schema_name, t.table_name, t.disabled is null, (extract(epoch from t.enabled) * "
      "1000000)::bigint - 946684800000000, t.mode, t.truncate_rows, t.statement, t.insert_image, t.fire, "
      "t.options::text, (select l.columns from {} l where l.table_id = t.table_id and l.relation = "
      "t.relation "
      "order by l.layout desc limit 1) from {} t order by t.schema_name, t.table_name",
      quote_qualified(place.schema, audit::kLayouts), quote_qualified(place.schema, audit::kTables)));
  std::vector<TableFacts> tables;
  for (size_t row = 0; row < rows.size(); ++row) {
    TableFacts table{static_cast<int>(rows.int8(row, 0)),
                     rows.text(row, 1),
                     rows.text(row, 2),
                     rows.boolean(row, 3),
                     rows.int8(row, 4),
                     {}};
    audit::EnableSettings& settings = table.settings;
    settings.table = quote_qualified(table.schema, table.name);
    settings.mode = rows.text(row, 5);
    settings.truncate_rows = rows.boolean(row, 6);
    settings.statement = rows.boolean(row, 7);
    settings.insert_image = rows.boolean(row, 8);
    settings.fire = rows.text(row, 9);
    settings.options = rows.text(row, 10);
    if (!rows.is_null(row, 11)) {
      audit::Layout const layout = audit::parse_layout(rows.text(row, 11));
      settings.ignored = hidden_columns(layout, audit::Treatment::ignored);
      settings.redacted = hidden_columns(layout, audit::Treatment::redacted);
      settings.hashed = hidden_columns(layout, audit::Treatment::hashed);
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

/// The triggers of the table and its parts.
struct TriggerFacts {
  bool exists = false;  ///< the table
  Oid owner = InvalidOid;
  int parts = 0;
  int without_row = 0;
  int without_truncate = 0;
  int off = 0;
  int origin_only = 0;
  std::string example;  ///< a part without
};

/// A trigger counts if it is ours in more than its name: calls our function, for this table of this log.
TriggerFacts read_triggers(pg::Spi& spi, const LogPlace& log, const TableFacts& table) {
  pg::SqlResult const rows = spi.query(
      "with recursive root as (select c.oid, c.relowner from pg_catalog.pg_class c join "
      "pg_catalog.pg_namespace n on "
      "n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')), tree as "
      "(select oid "
      "from root union select i.inhrelid from tree t join pg_catalog.pg_inherits i on i.inhparent = t.oid), "
      "ours "
      "as (select t.tgrelid, t.tgname, t.tgenabled from pg_catalog.pg_trigger t where t.tgfoid = "
      "'deal_advisor.audit_capture'::regproc and t.tgargs = pg_catalog.convert_to($5, "
      "pg_catalog.getdatabaseencoding()) || '\\000' || pg_catalog.convert_to($6, "
      "pg_catalog.getdatabaseencoding()) || '\\000') select "
      "t.oid::regclass::text, (select relowner from root), r.tgenabled, b.tgenabled from tree t join "
      "pg_catalog.pg_class c "
      "on c.oid = t.oid and c.relkind in ('r', 'p') left join ours r on r.tgrelid = t.oid "
      "and r.tgname "
      "= $3 left join ours b on b.tgrelid = t.oid and b.tgname = $4",
      {table.schema, table.name, audit::kRowTrigger, audit::kTruncateTrigger, log.schema,
       std::to_string(table.table)});
  TriggerFacts facts;
  for (size_t row = 0; row < rows.size(); ++row) {
    facts.exists = true;
    facts.owner = rows.oid(row, 1);
    ++facts.parts;
    bool const no_row = rows.is_null(row, 2);
    bool const no_truncate = rows.is_null(row, 3);
    if (no_row) ++facts.without_row;
    if (no_truncate) ++facts.without_truncate;
    if (no_row || no_truncate) facts.example = rows.text(row, 0);
    for (int column : {2, 3}) {
      if (rows.text(row, column) == "D") ++facts.off;
      if (rows.text(row, column) == "O" || rows.text(row, column) == "R") ++facts.origin_only;
    }
  }
  return facts;
}

/// A state and its explanation.
struct State {
  const char* name;
  std::string detail;
};

State state_of(const TableFacts& table, const TriggerFacts& triggers, const LogFacts& log) {
  if (!triggers.exists) return {"gone", "no table of this name; its history is in the log"};
  if (!table.enabled) return {"disabled", "by audit_disable"};
  if (triggers.without_row == triggers.parts) return {"missing", "the trigger was dropped or replaced"};
  if (triggers.off > 0) return {"off", "a trigger was switched off by ALTER TABLE"};
  if (triggers.without_row > 0)
    return {"partly", fmt::format("{} of {} parts have no trigger, as {}", triggers.without_row,
                                  triggers.parts, triggers.example)};
  if (triggers.without_truncate > 0)
    return {"partly", fmt::format("TRUNCATE of {} would not be recorded", triggers.example)};
  if (table.settings.fire == "always" && triggers.origin_only > 0)
    return {"origin only", "the trigger doesn't fire when session_replication_role is replica"};
  if (log.overflow_rows > 0)
    return {"overflow",
            fmt::format("{} events wait for partitions of the log; deal_advisor.audit_maintain() makes them",
                        log.overflow_rows)};
  return {"ok", ""};
}

/// The caller, and whether it sees what isn't its own.
struct Reader {
  Oid role = pg::current_role();
  bool monitor = pg::may_assume(role, pg::role_oid("pg_monitor"));
};

using Row = std::vector<pg::Value>;

std::vector<Row> rows_of(const LogPlace& place, const Reader& reader) {
  std::vector<Row> rows;
  pg::Spi spi;
  LogFacts const log = read_log(spi, place);
  for (TableFacts const& table : read_tables(place)) {
    TriggerFacts const triggers = read_triggers(spi, place, table);
    bool const concerns = reader.monitor || pg::may_assume(reader.role, place.owner) ||
                          (triggers.exists && pg::may_assume(reader.role, triggers.owner));
    if (!concerns) continue;
    State const state = state_of(table, triggers, log);
    audit::EnableSettings settings = table.settings;
    if (triggers.owner != place.owner) settings.log_owner = pg::role_name(place.owner);
    rows.push_back({pg::value(settings.table), pg::value(state.name),
                    state.detail.empty() ? pg::Value{} : pg::value(state.detail), pg::value(place.schema),
                    pg::value(settings.mode), pg::value(settings.ignored), pg::value(settings.redacted),
                    pg::value(settings.hashed), pg::timestamp_value(table.since),
                    pg::value(pg::role_name(place.owner)), pg::value(log.rows), pg::value(log.bytes),
                    pg::value(log.overflow_rows), pg::value(log.ready_until),
                    triggers.exists ? pg::value(audit::enable_call(settings)) : pg::Value{}});
  }
  return rows;
}

}  // namespace

void audit_status(pg::RowSet& rows) {
  Reader const reader;
  for (LogPlace const& place : all_logs()) {
    // Anybody may make what looks like a log: that must not hide the others.
    std::vector<Row> found;
    std::optional<pg::Failure> const failure =
        pg::attempt(pg::OnSuccess::commit, [&] { found = rows_of(place, reader); });
    if (failure)
      pg::warning("the audit log in schema " + quote_identifier(place.schema) +
                  " can't be read: " + failure->message);
    for (Row const& row : found)
      rows.add(row);
  }
}

}  // namespace deal::server
