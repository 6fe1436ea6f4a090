#include "server/partition/sets.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/partition/zone.hpp"

namespace deal::server {

namespace {

using partition::Set;

constexpr pg::MemberTable kSets("partition_set");

constexpr const char* kSelect =
    "select s.schema_name, s.table_name, s.owner_name, s.key_column, s.key_kind, s.step, s.zone, s.anchor, "
    "s.premake, "
    "s.horizon, s.retention, s.retire, s.use_default, s.enabled, s.options, c.oid, c.relowner "
    "from deal_advisor.partition_set s left join (pg_catalog.pg_class c join pg_catalog.pg_namespace n on "
    "n.oid = "
    "c.relnamespace) on n.nspname = s.schema_name and c.relname = s.table_name "
    "where $1::oid is null or c.oid = $1::oid order by s.schema_name, s.table_name";

std::string options_text(const Set& set) {
  Json json = Json::object();
  json["archive_schema"] = set.archive_schema;
  json["export_path"] = set.export_path;
  json["detach_concurrently"] = set.detach_concurrently;
  json["privileges"] = set.leaf.privileges;
  json["row_security"] = set.leaf.row_security;
  json["tablespace"] = set.leaf.tablespace;
  json["storage"] = set.leaf.storage;
  json["unlogged"] = set.leaf.unlogged;
  json["lock_timeout_ms"] = set.lock_timeout_ms;
  json["max_tries"] = set.max_tries;
  json["analyze"] = set.analyze;
  return json.dump();
}

void read_options(Set& set, const std::string& text) {
  Json const json = Json::parse(text);
  set.archive_schema = json.value("archive_schema", "");
  set.export_path = json.value("export_path", "");
  set.detach_concurrently = json.value("detach_concurrently", false);
  set.leaf.privileges = json.value("privileges", false);
  set.leaf.row_security = json.value("row_security", true);
  set.leaf.tablespace = json.value("tablespace", "");
  set.leaf.storage = json.value("storage", "");
  set.leaf.unlogged = json.value("unlogged", false);
  set.lock_timeout_ms = json.value("lock_timeout_ms", set.lock_timeout_ms);
  set.max_tries = json.value("max_tries", set.max_tries);
  set.analyze = json.value("analyze", true);
}

void read_settings(Set& set, const pg::SqlResult& rows, size_t row) {
  auto const kind = partition::key_kind(rows.text(row, 4));
  auto const retire = partition::retire_of(rows.text(row, 11));
  if (!kind || !retire) throw Error("22023", "unknown kind of key or way to retire");
  set.grid.kind = *kind;
  set.grid.step = partition::parse_step(*kind, rows.text(row, 5));
  set.grid.zone = server_zone(rows.text(row, 6));
  set.grid.anchor = rows.int8(row, 7);
  set.premake = static_cast<int>(rows.int8(row, 8));
  if (!rows.is_null(row, 9)) set.horizon = partition::parse_step(*kind, rows.text(row, 9));
  if (!rows.is_null(row, 10)) set.retention = partition::parse_step(*kind, rows.text(row, 10));
  set.retire = *retire;
  set.use_default = rows.boolean(row, 12);
  set.enabled = rows.boolean(row, 13);
  read_options(set, rows.text(row, 14));
}

StoredSet set_of(const pg::SqlResult& rows, size_t row) {
  StoredSet stored;
  stored.set.schema = rows.text(row, 0);
  stored.set.table = rows.text(row, 1);
  stored.set.owner = rows.text(row, 2);
  stored.set.column = rows.text(row, 3);
  stored.relation = rows.oid(row, 15);
  stored.owner = rows.oid(row, 16);
  try {
    read_settings(stored.set, rows, row);
  } catch (const Error& error) {
    stored.problem = fmt::format("the settings of partition set {} cannot be read: {}",
                                 quote_qualified(stored.set.schema, stored.set.table), error.message());
  } catch (const Json::exception& error) {
    stored.problem = fmt::format("the options of partition set {} cannot be read: {}",
                                 quote_qualified(stored.set.schema, stored.set.table), error.what());
  }
  return stored;
}

pg::Cell span_text(const Set& set, const std::optional<partition::Step>& span) {
  if (!span) return std::nullopt;
  return partition::to_string(set.grid.kind, *span);
}

std::string identity_of(ObjectId relation) {
  pg::Spi spi;
  return spi.query("select $1::oid::pg_catalog.regclass::text", {std::to_string(relation)}).text(0, 0);
}

}  // namespace

std::vector<StoredSet> read_sets() {
  pg::SqlResult const rows = kSets.read(kSelect, {std::nullopt});
  std::vector<StoredSet> sets;
  for (size_t row = 0; row < rows.size(); ++row)
    sets.push_back(set_of(rows, row));
  return sets;
}

std::optional<StoredSet> find_set(ObjectId relation) {
  pg::SqlResult const rows = kSets.read(kSelect, {std::to_string(relation)});
  if (rows.empty()) return std::nullopt;
  return set_of(rows, 0);
}

StoredSet read_set(ObjectId relation) {
  auto found = find_set(relation);
  if (!found) {
    std::string const name = identity_of(relation);
    throw Error("42704", "table " + name + " is no partition set")
        .hint(fmt::format("deal_advisor.partition_enable({}, key_column, step) makes it one.",
                          quote_literal(name)));
  }
  if (!found->problem.empty())
    throw Error("55000", found->problem)
        .hint("Call deal_advisor.partition_enable with settings that are valid today.");
  return std::move(*found);
}

void save_set(ObjectId relation, const Set& set) {
  ObjectId const owner = pg::relation_owner(relation);
  if (!pg::may_assume(pg::current_role(), owner))
    throw Error("42501", "must be owner of table " + quote_qualified(set.schema, set.table));
  auto const step = partition::to_string(set.grid.kind, set.grid.step);
  kSets.write(
      "insert into deal_advisor.partition_set values ($1, $2, $3, $4, $5, $6, $7, $8::bigint, $9::integer, "
      "$10, $11, "
      "$12, $13::boolean, $14::boolean, $15::jsonb) on conflict (schema_name, table_name) do update set "
      "(owner_name, "
      "key_column, key_kind, step, zone, anchor, premake, horizon, retention, retire, use_default, enabled, "
      "options) = "
      "(excluded.owner_name, excluded.key_column, excluded.key_kind, excluded.step, excluded.zone, "
      "excluded.anchor, "
      "excluded.premake, excluded.horizon, excluded.retention, excluded.retire, excluded.use_default, "
      "excluded.enabled, excluded.options)",
      {set.schema, set.table, pg::role_name(owner), set.column,
       std::string(partition::name_of(set.grid.kind)), step, set.grid.zone.name,
       std::to_string(set.grid.anchor), std::to_string(set.premake), span_text(set, set.horizon),
       span_text(set, set.retention), std::string(partition::name_of(set.retire)),
       set.use_default ? "t" : "f", set.enabled ? "t" : "f", options_text(set)});
}

bool forget_set(const std::string& schema, const std::string& table) {
  pg::SqlResult const rows = kSets.read(
      "select s.owner_name, c.relowner from deal_advisor.partition_set s left join (pg_catalog.pg_class c "
      "join "
      "pg_catalog.pg_namespace n on n.oid = c.relnamespace) on n.nspname = s.schema_name and c.relname = "
      "s.table_name "
      "where s.schema_name = $1 and s.table_name = $2",
      {schema, table});
  if (rows.empty()) return false;
  ObjectId const me = pg::current_role();
  ObjectId const owner = rows.is_null(0, 1) ? pg::role_oid(rows.text(0, 0)) : rows.oid(0, 1);
  if (!(owner != 0 && pg::may_assume(me, owner)) && !pg::owns_database())
    throw Error("42501", "permission denied to forget partition set " + quote_qualified(schema, table))
        .hint("The table's owner and the owner of the database may.");
  kSets.write("delete from deal_advisor.partition_set where schema_name = $1 and table_name = $2",
              {schema, table});
  return true;
}

std::string refusal(const StoredSet& stored) {
  std::string const name = quote_qualified(stored.set.schema, stored.set.table);
  if (stored.relation == 0) return "table " + name + " is gone";
  if (pg::role_name(stored.owner) != stored.set.owner)
    return fmt::format("table {} belonged to role \"{}\" when the set was enabled, now to \"{}\"", name,
                       stored.set.owner, pg::role_name(stored.owner));
  if (!pg::may_assume(pg::current_role(), stored.owner)) return "must be owner of table " + name;
  return stored.problem;
}

void require_rights(const StoredSet& stored) {
  std::string const reason = refusal(stored);
  if (reason.empty()) return;
  Error error("42501", reason);
  if (stored.relation != 0 && pg::role_name(stored.owner) != stored.set.owner)
    error.hint("The new owner decides: deal_advisor.partition_enable or partition_disable.");
  throw error;
}

}  // namespace deal::server
