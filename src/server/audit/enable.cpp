#include "server/audit/enable.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/audit/row_key.hpp"
#include "core/base/options.hpp"
#include "core/base/quote.hpp"
#include "server/audit/audited_table.hpp"
#include "server/audit/capture.hpp"
#include "server/audit/ddl.hpp"
#include "server/audit/history_create.hpp"
#include "server/audit/log_config.hpp"
#include "server/audit/log_create.hpp"
#include "server/audit/relation_layout.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/short_locks.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

/// What the options say.
struct AuditOptions {
  std::string log_schema;
  std::vector<std::string> key;
  bool full_row = false;
  int lock_timeout_ms = 50;
  int max_tries = 60;
};

AuditOptions read_options(const AuditRequest& request, const TableToAudit& table) {
  Options options("audit_enable", request.options);
  AuditOptions read;
  read.log_schema = options.text("log_schema", "");
  if (read.log_schema.empty()) read.log_schema = fitting_name(table.schema, "_audit");
  read.key = options.texts("key");
  std::string const identity = options.text("identity", "key");
  read.full_row = identity == "row";
  if (identity != "key" && identity != "row")
    throw Error("22023", "option identity must be key or row, not \"" + identity + "\"");
  read.lock_timeout_ms = static_cast<int>(options.integer("lock_timeout_ms", 50, 1, 60'000));
  read.max_tries = static_cast<int>(options.integer("max_tries", 60, 1, 10'000));
  options.finish();
  return read;
}

std::vector<std::string> key_of(const TableToAudit& table, const AuditOptions& options) {
  if (options.full_row) return {};
  std::vector<std::string> key = options.key.empty() ? table.key : options.key;
  if (key.empty())
    throw Error("55000", "table " + table.quoted() + " has no primary key")
        .hint(
            "Add one, or name columns that tell rows apart with options {\"key\": [\"...\"]}, or take the "
            "whole row with {\"identity\": \"row\"}.");
  return key;
}

Oid log_owner_of(const AuditRequest& request, const TableToAudit& table) {
  if (request.log_owner.empty()) return table.owner;
  Oid const owner = pg::role_oid(request.log_owner);
  if (owner == InvalidOid)
    throw Error("42704", "role \"" + request.log_owner + "\" does not exist")
        .hint("Make it first: create role " + quote_identifier(request.log_owner) + " nologin.");
  if (!pg::may_assume(pg::current_role(), owner))
    throw Error("42501", "permission denied to make a log for role \"" + request.log_owner + "\"")
        .hint("A superuser or a member of that role can.");
  return owner;
}

/// The row of audit_table, new or changed; its number.
int32 write_table(const LogPlace& log, const AuditRequest& request, const TableToAudit& table,
                  const std::string& options) {
  pg::AsRole const owner(log.owner);
  pg::Spi spi;
  std::string const config = quote_qualified(log.schema, audit::kTables);
  // Numbers are never used again, so that events of a table that is gone stay its own.
  spi.execute("lock table " + config + " in share row exclusive mode");
  Incarnation const now = incarnation_of(table.relation);
  std::string const system = std::to_string(static_cast<int64_t>(now.system));
  pg::FreshSnapshot const fresh;
  pg::SqlResult const known = spi.query(
      fmt::format(
          "select table_id from {} where (relation, database, system_id) = ($1::oid, $2::oid, $3::bigint) or "
          "(schema_name = $4 and table_name = $5 and (database, system_id) is distinct from ($2::oid, "
          "$3::bigint)) order by (relation, database, system_id) = ($1::oid, $2::oid, $3::bigint) desc limit "
          "1",
          config),
      {std::to_string(now.relation), std::to_string(now.database), system, table.schema, table.name});
  pg::SqlResult const next = spi.query("select coalesce(max(table_id), 0) + 1 from " + config);
  int32 const number = static_cast<int32>(known.empty() ? next.int8(0, 0) : known.int8(0, 0));
  if (number > audit::kMostTables)
    throw Error("54000", fmt::format("an audit log holds at most {} tables", audit::kMostTables));
  spi.execute(
      fmt::format(
          "insert into {0} (table_id, schema_name, table_name, table_owner, relation, database, system_id, "
          "mode, "
          "key_columns, salt, truncate_rows, statement, insert_image, fire, enabled, options) values "
          "($1::integer, "
          "$2, $3, $4, $5::oid, $6::oid, $7::bigint, $8, '{{}}', "
          "pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) "
          "|| pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), $9::boolean, $10::boolean, $11::boolean, "
          "$12, "
          "pg_catalog.clock_timestamp(), $13::jsonb) on conflict (table_id) do update set schema_name = $2, "
          "table_name = $3, table_owner = $4, relation = $5::oid, database = $6::oid, system_id = "
          "$7::bigint, mode "
          "= $8, truncate_rows = $9::boolean, statement = $10::boolean, insert_image = $11::boolean, fire = "
          "$12, "
          "enabled = case when audit_table.disabled is null then audit_table.enabled else excluded.enabled "
          "end, "
          "disabled = null, options = $13::jsonb",
          config),
      {std::to_string(number), table.schema, table.name, pg::role_name(table.owner),
       std::to_string(now.relation), std::to_string(now.database), system, request.mode,
       request.truncate_rows ? "t" : "f", request.statement ? "t" : "f", request.insert_image ? "t" : "f",
       request.fire, options});
  return number;
}

/// The table's layout with what is asked for, and the ids of the key columns.
void write_layout(const LogPlace& log, const AuditRequest& request, const TableToAudit& table, int32 number,
                  const std::vector<std::string>& key) {
  LogConfig const config(log.schema, log.owner);
  pg::FreshSnapshot const fresh;
  std::optional<AuditedTable> const stored = config.table(number);
  if (!stored) throw Error("XX000", "the row of the audited table is gone");
  audit::Layout layout = record_layout(config, *stored, table.relation, table.relation).layout;
  audit::Layout const before = layout;
  audit::apply_treatment(layout, {request.ignored, request.redacted, request.hashed}, key);
  if (!audit::same_layout(before, layout))
    (void)config.add_layout(number, {incarnation_of(table.relation), table.quoted(), layout});
  std::vector<int> ids;
  for (std::string const& name : key) {
    const audit::LayoutColumn* const column = layout.by_name(name);
    if (column == nullptr) throw Error("42703", "column " + quote_identifier(name) + " does not exist");
    ids.push_back(column->id);
  }
  if (request.mode == "typed") ensure_history(log, *stored, layout);
  pg::AsRole const owner(log.owner);
  pg::Spi spi;
  spi.execute(fmt::format("update {} set key_columns = $2::integer[] where table_id = $1::integer",
                          quote_qualified(log.schema, audit::kTables)),
              {std::to_string(number), array_text(ids)});
}

/// The rows as they are, of every part of the table that has some.
int64_t record_baseline(const TableToAudit& table) {
  int64_t rows = 0;
  for (Oid const part : table.parts)
    rows += record_baseline_of(part);
  return rows;
}

void mark_disabled(const LogPlace& log, Oid relation) {
  Incarnation const now = incarnation_of(relation);
  pg::AsRole const owner(log.owner);
  pg::Spi spi;
  spi.execute(
      fmt::format(
          "update {} set disabled = pg_catalog.clock_timestamp() where (relation, database, system_id) = "
          "($1::oid, $2::oid, $3::bigint)",
          quote_qualified(log.schema, audit::kTables)),
      {std::to_string(now.relation), std::to_string(now.database),
       std::to_string(static_cast<int64_t>(now.system))});
}

void run(const std::vector<std::string>& statements) {
  pg::Spi spi;
  for (std::string const& statement : statements)
    spi.execute(statement);
}

}  // namespace

std::string enable_audit(const AuditRequest& request) {
  TableToAudit table = read_table_to_audit(request.relation);
  AuditOptions const options = read_options(request, table);
  if (request.mode != "jsonb" && request.mode != "typed")
    throw Error("22023", "mode must be jsonb or typed, not \"" + request.mode + "\"");
  audit::Firing const firing = audit::parse_firing(request.fire);
  std::vector<std::string> const key = key_of(table, options);
  Oid const owner = log_owner_of(request, table);
  LogPlace log;
  int32 number = 0;
  std::optional<TriggerArguments> const former = trigger_arguments(request.relation);
  if (former && former->log != options.log_schema && find_log_place(former->log))
    throw Error("55000", "table " + table.quoted() + " is audited in schema " +
                             quote_identifier(former->log) + " already")
        .hint(
            "Name that schema with options {\"log_schema\": ...}, or call deal_advisor.audit_disable first.");
  pg::with_short_locks({options.lock_timeout_ms, options.max_tries, 250}, pg::pause, [&] {
    // First the table: writers and DDL must see auditing all at once.
    run({"lock table " + table.quoted() + " in share row exclusive mode"});
    table = read_table_to_audit(request.relation);
    log = ensure_log(options.log_schema, owner);
    number = write_table(log, request, table, request.options);
    write_layout(log, request, table, number, key);
    OwnDdl const own;
    run(audit::trigger_statements(table.places, log.schema, number, firing));
  });
  std::string rows;
  if (request.baseline) rows = fmt::format(", {} rows recorded as they are", record_baseline(table));
  return fmt::format("{} is audited in schema {}{}", table.quoted(), quote_identifier(log.schema), rows);
}

std::string disable_audit(ObjectId relation) {
  TableToAudit const table = read_table_to_audit(relation);
  std::optional<TriggerArguments> const trigger = trigger_arguments(relation);
  if (!trigger)
    throw Error("42704", "table " + table.quoted() + " is not audited")
        .hint("deal_advisor.audit_status() lists audited tables.");
  pg::with_short_locks({}, pg::pause, [&] { run(audit::drop_statements(table.places)); });
  if (std::optional<LogPlace> const log = find_log_place(trigger->log)) mark_disabled(*log, relation);
  return fmt::format("{} is not audited any more; its log stays in schema {}", table.quoted(),
                     quote_identifier(trigger->log));
}

}  // namespace deal::server
