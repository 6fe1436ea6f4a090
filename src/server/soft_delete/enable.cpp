#include "server/soft_delete/enable.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "core/soft_delete/soft_delete.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/catalog/user_table.hpp"
#include "server/soft_delete/live_view.hpp"
#include "server/soft_delete/relatives.hpp"
#include "server/soft_delete/unique.hpp"

namespace deal::server {

namespace {

struct Settings {
  std::vector<std::string> unique;
  bool cascade_delete = false;
  bool check_references = true;
  int64_t most_bytes = 0;
  pg::LockPatience patience;
};

bool cascade_option(Options& options) {
  std::string const value = options.text("cascade", "refuse");
  if (value != "refuse" && value != "delete")
    throw Error("22023", "option \"cascade\" of soft_delete_enable must be \"refuse\" or \"delete\"");
  return value == "delete";
}

Settings settings_of(const std::string& json) {
  Settings settings;
  Options options("soft_delete_enable", json);
  settings.unique = options.texts("unique");
  settings.cascade_delete = cascade_option(options);
  settings.check_references = options.boolean("check_references", true);
  std::string const size = options.text("build_up_to", "1GB");
  settings.patience = read_patience(options);
  options.finish();
  auto const bytes = parse_bytes(size);
  if (!bytes || *bytes < 0) throw Error("22023", "option build_up_to \"" + size + "\" is not a size");
  settings.most_bytes = *bytes;
  return settings;
}

bool in_partition_key(const UserTable& table, int column) {
  pg::Spi spi;
  return !spi.query(
                 "select 1 from pg_catalog.pg_partitioned_table p where p.partrelid = $1::oid and "
                 "$2::int2 = any (p.partattrs::pg_catalog.int2[])",
                 {std::to_string(table.relation), std::to_string(column)})
              .empty();
}

void check_column(const UserTable& table, const UserColumn& column) {
  std::string const name = fmt::format("column \"{}\" of {}", column.name, table.identity());
  if (column.type != "timestamp with time zone" && column.type != "timestamp(6) with time zone")
    throw Error("42804", fmt::format("{} is of type {}", name, column.type))
        .hint("A mark needs timestamptz, to the microsecond: rows deleted together are told by it.");
  if (column.generated) throw Error("428C9", name + " is generated");
  if (column.not_null) throw Error("22023", name + " is not null, so no row would be live");
  if (in_partition_key(table, column.number))
    throw Error("0A000", name + " is in the partition key")
        .hint("A deleted row would move to another partition, where foreign keys lose sight of it.");
}

void check_referring(const UserTable& table, const Settings& settings,
                     const std::vector<Referring>& referring) {
  for (auto const& child : referring) {
    bool const itself = child.child == table.relation;
    if (child.on_delete == 'c' && !child.soft && !itself && !settings.cascade_delete)
      throw Error("55000",
                  fmt::format("table {} has no soft deletes, but foreign key \"{}\" deletes its rows with "
                              "those of {}",
                              child.child_name, child.constraint, table.identity()))
          .hint(fmt::format("First select deal_advisor.soft_delete_enable({}), or give the option "
                            "{{\"cascade\": \"delete\"}} to delete its rows for good.",
                            quote_literal(child.child_name)));
    if (settings.check_references && !pg::may_assume(pg::current_role(), child.owner))
      throw Error("42501", fmt::format("must be owner of table {}, which refers to {}", child.child_name,
                                       table.identity()))
          .hint(
              "Its owner must help: it needs a trigger that keeps rows from referring to deleted ones. "
              "Without it: "
              "the option {\"check_references\": false}.");
  }
}

void append(std::vector<OwnedStatement>& statements, ObjectId owner, std::vector<std::string> more) {
  for (auto& sql : more)
    statements.push_back({owner, std::move(sql)});
}

/// Triggers of the table itself and of those that inherit from it; without settings none.
void append_triggers(std::vector<OwnedStatement>& statements, const UserTable& root, const std::string& mark,
                     const Settings* settings) {
  for (ObjectId const relation : with_inheriting_tables(root.relation)) {
    UserTable const table = relation == root.relation ? root : read_user_table(relation);
    append(statements, table.owner,
           drop_triggers(relation, kSoftDeleteFunction, Argument::is_not, soft_delete::kReference));
    if (settings != nullptr)
      append(
          statements, table.owner,
          soft_delete::create_triggers(table.identity(), mark, settings->cascade_delete, table.kind == 'p'));
  }
}

/// Triggers of the tables that refer to it, and its own if it refers to others.
void append_reference_triggers(std::vector<OwnedStatement>& statements, const UserTable& table,
                               const std::string& mark, const std::vector<Referring>& referring, bool soft) {
  std::vector<ObjectId> tables{table.relation};
  for (auto const& child : referring)
    if (std::find(tables.begin(), tables.end(), child.child) == tables.end() &&
        (soft || pg::may_assume(pg::current_role(), child.owner)))
      tables.push_back(child.child);
  for (ObjectId const relation : tables)
    for (auto& statement :
         reference_trigger_anew(relation, table.relation, soft, soft ? mark : std::string()))
      statements.push_back(std::move(statement));
}

std::vector<Referring> referring_without(const std::vector<Referring>& all, bool none) {
  return none ? std::vector<Referring>{} : all;
}

std::string summary(const UserTable& table, const std::string& mark, const std::string& view,
                    const Settings& settings, const std::vector<Referring>& referring) {
  return fmt::format(
      "{}: DELETE sets {}; {}; foreign keys that refer to it: {}; unique for live rows only: {}",
      table.identity(), quote_identifier(mark), view.empty() ? "no view" : "live rows in " + view,
      referring.size(), settings.unique.size());
}

}  // namespace

std::string enable_soft_delete(const SoftDeleteRequest& request) {
  UserTable const table = read_user_table(request.relation);
  require_own_table(table, "give it soft deletes");
  Settings const settings = settings_of(request.options);
  if (request.deleted_at.empty()) throw Error("22023", "soft_delete_enable needs a column");
  std::vector<OwnedStatement> statements;
  UserColumn const* const column = table.column(request.deleted_at);
  if (column != nullptr)
    check_column(table, *column);
  else
    statements.push_back({table.owner, soft_delete::add_column(table.identity(), request.deleted_at)});
  auto const referring = tables_referring_to(table.relation);
  check_referring(table, settings, referring);
  append_triggers(statements, table, request.deleted_at, &settings);
  append_reference_triggers(statements, table, request.deleted_at,
                            referring_without(referring, !settings.check_references), true);
  for (auto const& constraint : settings.unique)
    append(statements, table.owner,
           soft_delete::replace_unique(
               replacement_of(table, constraint, request.deleted_at, settings.most_bytes)));
  append(statements, table.owner, drop_view_triggers(table));
  append(statements, table.owner, live_view_statements(table, request.deleted_at, request.live_view));
  run_as_owners(settings.patience, statements);
  return summary(table, request.deleted_at, live_view_name(table, request.live_view), settings, referring);
}

std::string disable_soft_delete(ObjectId relation) {
  UserTable const table = read_user_table(relation);
  require_own_table(table, "end its soft deletes");
  std::string const mark = mark_of_table(relation);
  std::vector<OwnedStatement> statements;
  append_triggers(statements, table, mark, nullptr);
  if (statements.empty())
    throw Error("42704", "table " + table.identity() + " has no soft deletes")
        .hint("select deal_advisor.soft_delete_enable(...) gives it some.");
  append_reference_triggers(statements, table, mark, tables_referring_to(relation), false);
  append(statements, table.owner, drop_view_triggers(table));
  run_as_owners({}, statements);
  return table.identity() + ": DELETE deletes again; column, view and indexes stay";
}

}  // namespace deal::server
