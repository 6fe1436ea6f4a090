#include "server/audit/ddl.hpp"

#include <algorithm>
#include <utility>

#include "core/audit/alteration.hpp"
#include "core/audit/enable.hpp"
#include "core/audit/event.hpp"
#include "core/audit/row_key.hpp"
#include "core/base/quote.hpp"
#include "server/audit/capture.hpp"
#include "server/audit/dropped_triggers.hpp"
#include "server/audit/log.hpp"
#include "server/audit/log_config.hpp"
#include "server/audit/log_place.hpp"
#include "server/audit/transaction.hpp"
#include "server/bridge/datum.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/short_locks.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace deal::server {

namespace {

bool is_own = false;

/// A command, and the table that it made or changed.
struct Command {
  Oid relation = InvalidOid;
  std::string name;  ///< of the relation, for people
  std::string tag;
};

/// All those of tables; the last column: the table is audited or belongs to one that is. $1: name of the row
/// trigger.
constexpr const char* kCommands = R"(
with recursive ours as (
  select t.tgrelid from pg_catalog.pg_trigger t
  where t.tgfoid = 'deal_advisor.audit_capture'::pg_catalog.regproc and t.tgname = $1),
tree as (
  select o.tgrelid as relation from ours o
  union
  select i.inhrelid from tree t join pg_catalog.pg_inherits i on i.inhparent = t.relation)
select c.objid, c.objid::pg_catalog.regclass::text, min(c.command_tag), bool_or(t.relation is not null)
from pg_catalog.pg_event_trigger_ddl_commands() c left join tree t on t.relation = c.objid
where c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and c.object_type in ('table', 'table column')
group by c.objid order by c.objid)";

std::vector<Command> audited_commands() {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(kCommands, {std::string(audit::kRowTrigger)});
  std::vector<Command> commands;
  for (size_t row = 0; row < rows.size(); ++row)
    if (rows.boolean(row, 3)) commands.push_back({rows.oid(row, 0), rows.text(row, 1), rows.text(row, 2)});
  return commands;
}

/// A part of an audited table that lacks triggers.
struct BarePart {
  Oid top = InvalidOid;  ///< the audited table
  bool always = false;   ///< when its trigger fires
  audit::TriggerPlace place;
  Oid owner = InvalidOid;
};

/// Those in the tree that relation $1 belongs to; $2, $3: names of the triggers. A table whose own trigger is
/// switched off is left alone.
constexpr const char* kBareParts = R"(
with recursive ours as (
  select t.tgrelid, t.tgname, t.tgenabled from pg_catalog.pg_trigger t
  where t.tgfoid = 'deal_advisor.audit_capture'::pg_catalog.regproc and t.tgname in ($2, $3)),
up as (
  select $1::pg_catalog.oid as relation
  union
  select i.inhparent from up u join pg_catalog.pg_inherits i on i.inhrelid = u.relation),
top as (
  select o.tgrelid, o.tgenabled from up u join ours o on o.tgrelid = u.relation
  where o.tgname = $2 and o.tgenabled in ('A', 'O') and not exists (
    select from pg_catalog.pg_inherits i join ours p on p.tgrelid = i.inhparent where i.inhrelid = u.relation)),
tree as (
  select t.tgrelid as top, t.tgenabled, t.tgrelid as relation from top t
  union
  select t.top, t.tgenabled, i.inhrelid from tree t join pg_catalog.pg_inherits i on i.inhparent = t.relation)
select t.top, t.tgenabled = 'A', n.nspname, c.relname, not c.relispartition, c.relowner
from tree t
join pg_catalog.pg_class c on c.oid = t.relation and c.relkind in ('r', 'p')
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where (select count(*) from ours o where o.tgrelid = t.relation) < 2
order by t.relation)";

std::vector<BarePart> bare_parts(Oid relation) {
  pg::Spi spi;
  pg::SqlResult const rows =
      spi.query(kBareParts, {std::to_string(relation), audit::kRowTrigger, audit::kTruncateTrigger});
  std::vector<BarePart> parts;
  for (size_t row = 0; row < rows.size(); ++row)
    parts.push_back({rows.oid(row, 0),
                     rows.boolean(row, 1),
                     {quote_qualified(rows.text(row, 2), rows.text(row, 3)), rows.boolean(row, 4)},
                     rows.oid(row, 5)});
  return parts;
}

/// The server clones neither TRUNCATE triggers to partitions nor any to inheritance children.
void add_missing_triggers(Oid relation) {
  OwnDdl const own;
  for (BarePart const& part : bare_parts(relation)) {
    std::optional<TriggerArguments> const table = trigger_arguments(part.top);
    if (!table) continue;
    auto const firing = part.always ? audit::Firing::always : audit::Firing::origin;
    pg::with_short_locks({50, 1, 0}, pg::pause, [&] {
      pg::AsRole const owner(part.owner);
      pg::Spi spi;
      for (std::string const& statement :
           audit::trigger_statements({part.place}, table->log, table->table, firing))
        spi.execute(statement);
    });
  }
}

/// What the log keeps of a command, as JSON.
std::string alteration(const std::string& tag, const std::string& relation,
                       const std::vector<std::string>& columns) {
  pg::Spi spi;
  pg::SqlResult const json = spi.query(
      "select pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('command', $1::text, 'relation', "
      "$2::text, "
      "'columns', nullif($3::jsonb, '[]'), 'statement', $4::text))::text",
      {tag, relation, audit::changes_json(columns), client_statement()});
  return json.text(0, 0);
}

void add_alteration(const TriggerArguments& table, int32 layout, const std::string& json) {
  Datum const image = pg::jsonb_datum(json);
  if (!claims_are_current()) read_own_claims();
  pg::call([&] {
    AuditLog* const log = find_log(table.log.c_str());
    if (log == nullptr) return;
    add_event(log, {audit::first_row_key(table.table), layout, static_cast<char>(audit::Op::alter),
                    StatementText::none, reinterpret_cast<const struct varlena*>(DatumGetPointer(image))});
  });
}

void record_command(const Command& command) {
  std::optional<TriggerArguments> const table = trigger_arguments(command.relation);
  std::optional<LogPlace> const place = table ? find_log_place(table->log) : std::nullopt;
  if (!place) return;  // the first write says so
  LogConfig const config(place->schema, place->owner);
  Incarnation const now = incarnation_of(command.relation);
  std::optional<StoredLayout> const before = config.newest_layout(table->table, now);
  if (!record_layout_of(command.relation)) return;
  std::optional<StoredLayout> const after = config.newest_layout(table->table, now);
  if (!after) return;
  std::vector<std::string> columns;
  if (before) columns = audit::column_changes(before->layout, after->layout);
  add_alteration(*table, after->layout.number, alteration(command.tag, command.name, columns));
}

/// Where the log knows the relation: anybody may have put our trigger on a table of theirs.
void record_drop(const DroppedTrigger& dropped, const std::vector<DroppedTrigger>& all,
                 const std::string& tag) {
  std::optional<LogPlace> const place = find_log_place(dropped.table.log);
  if (!place) return;  // dropped as well
  LogConfig const config(place->schema, place->owner);
  std::optional<StoredLayout> const last =
      config.newest_layout(dropped.table.table, incarnation_of(dropped.relation));
  std::optional<AuditedTable> const table = config.table(dropped.table.table);
  if (!last || !table) return;
  Oid const top = table->incarnation.relation;
  bool const with_table =
      top != dropped.relation && std::ranges::find(all, top, &DroppedTrigger::relation) != all.end();
  if (with_table) return;  // one event is enough
  add_alteration(dropped.table, last->layout.number, alteration(tag, last->relation_name, {}));
}

/// Runs `body`; what goes wrong is told in a WARNING, and no reason for the command to fail.
template <class Body>
void record_or_warn(const std::string& what, Body&& body) {
  if (std::optional<pg::Failure> const failure = pg::attempt(pg::OnSuccess::commit, body))
    pg::warning(what + " was not recorded: " + failure->message,
                "deal_advisor.audit_status() shows the state of the log, and the call that mends it.");
}

}  // namespace

OwnDdl::OwnDdl() : outer_(std::exchange(is_own, true)) {}

OwnDdl::~OwnDdl() {
  is_own = outer_;
}

void record_ddl(const std::string& event, const std::string& tag) {
  if (event == "ddl_command_start") {
    watch_drops();
  } else if (event == "ddl_command_end") {
    if (is_own) return;
    for (Command const& command : audited_commands()) {
      record_or_warn("a new part of " + command.name, [&] { add_missing_triggers(command.relation); });
      record_or_warn(command.tag + " of " + command.name, [&] { record_command(command); });
    }
  } else {
    std::vector<DroppedTrigger> const all = take_dropped_triggers();
    for (DroppedTrigger const& dropped : all)
      record_or_warn(tag, [&] { record_drop(dropped, all, tag); });
  }
}

}  // namespace deal::server
