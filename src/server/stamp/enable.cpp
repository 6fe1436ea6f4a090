#include "server/stamp/enable.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/stamp/stamp.hpp"
#include "server/catalog/table_change.hpp"
#include "server/catalog/user_table.hpp"

namespace deal::server {

namespace {

using stamp::Part;
using stamp::Settings;

constexpr const char* kFunction = "deal_advisor.stamp()";

stamp::Clock clock_option(Options& options) {
  std::string const name = options.text("clock", "transaction");
  auto const clock = stamp::clock_of(name);
  if (!clock)
    throw Error("22023", "unknown clock \"" + name + "\"")
        .hint("Clocks are transaction, statement and clock.");
  return *clock;
}

bool old_rows_option(Options& options) {
  std::string const value = options.text("old_rows", "now");
  if (value != "now" && value != "null")
    throw Error("22023", "option \"old_rows\" of stamp_enable must be \"now\" or \"null\"");
  return value == "null";
}

Settings settings_of(const StampRequest& request, pg::LockPatience& patience) {
  Settings settings;
  Options options("stamp_enable", request.options);
  settings.clock = clock_option(options);
  settings.trust_insert = options.boolean("trust_insert", true);
  settings.old_rows_null = old_rows_option(options);
  patience = read_patience(options);
  options.finish();
  for (size_t i = 0; i < settings.columns.size(); ++i)
    settings.columns[i] = request.columns[i].value_or("");
  return settings;
}

void check_names(const Settings& settings) {
  int named = 0;
  for (size_t i = 0; i < settings.columns.size(); ++i) {
    if (settings.columns[i].empty()) continue;
    ++named;
    for (size_t other = 0; other < i; ++other)
      if (settings.columns[other] == settings.columns[i])
        throw Error("22023", "column \"" + settings.columns[i] + "\" is named for two stamps");
  }
  if (named == 0)
    throw Error("22023", "stamp_enable needs at least one column")
        .hint("Arguments created_at, updated_at, created_by and updated_by name them; null: none.");
}

void check_column(const UserTable& table, const UserColumn& column, Part part) {
  std::string const name = fmt::format("column \"{}\" of {}", column.name, table.identity());
  if (column.generated) throw Error("428C9", name + " is generated");
  std::string const type = column.type.substr(0, column.type.find('('));
  bool const time = column.type.starts_with("timestamp");
  bool const text = type == "text" || type == "character varying" || type == "name";
  if (stamp::is_time(part) ? time : text) return;
  throw Error("42804", fmt::format("{} is of type {}", name, column.type))
      .hint(stamp::is_time(part) ? "A time stamp needs timestamptz or timestamp."
                                 : "A stamp of who did it needs text, varchar or name.");
}

std::vector<Part> missing_columns(const UserTable& table, const Settings& settings) {
  std::vector<Part> missing;
  for (Part const part : stamp::kParts) {
    if (settings.column(part).empty()) continue;
    UserColumn const* const column = table.column(settings.column(part));
    if (column == nullptr)
      missing.push_back(part);
    else
      check_column(table, *column, part);
  }
  return missing;
}

/// A row that moves to another partition is inserted there, and that INSERT must bring its stamps along.
void check_trust(const UserTable& table, const Settings& settings) {
  if (table.kind == 'p' && !settings.trust_insert)
    throw Error("0A000", "trust_insert false is not possible for partitioned tables")
        .detail("A row that moves to another partition would get new created_* stamps there.")
        .hint("Leave trust_insert out, and take the columns out of INSERT privileges.");
}

std::vector<OwnedStatement> triggers_anew(ObjectId root, const Settings* settings) {
  std::vector<OwnedStatement> statements;
  for (ObjectId const relation : with_inheriting_tables(root)) {
    UserTable const table = read_user_table(relation);
    for (auto& sql : drop_triggers(relation, kFunction))
      statements.push_back({table.owner, std::move(sql)});
    if (settings == nullptr) continue;
    for (auto& sql : stamp::create_triggers(table.identity(), *settings))
      statements.push_back({table.owner, std::move(sql)});
  }
  return statements;
}

std::string summary(const UserTable& table, const Settings& settings, size_t added) {
  std::string kept;
  for (Part const part : stamp::kParts)
    if (!settings.column(part).empty())
      kept += (kept.empty() ? "" : ", ") + quote_identifier(settings.column(part));
  return fmt::format("{}: stamps {}; {} columns added", table.identity(), kept, added);
}

}  // namespace

std::string enable_stamp(const StampRequest& request) {
  UserTable const table = read_user_table(request.relation);
  require_own_table(table, "have it stamped");
  pg::LockPatience patience;
  Settings const settings = settings_of(request, patience);
  check_names(settings);
  check_trust(table, settings);
  std::vector<Part> const missing = missing_columns(table, settings);
  std::vector<OwnedStatement> statements;
  for (auto& sql : stamp::add_columns(table.identity(), settings, missing))
    statements.push_back({table.owner, std::move(sql)});
  for (auto& statement : triggers_anew(table.relation, &settings))
    statements.push_back(std::move(statement));
  run_as_owners(patience, statements);
  return summary(table, settings, missing.size());
}

std::string disable_stamp(ObjectId relation) {
  UserTable const table = read_user_table(relation);
  require_own_table(table, "end its stamps");
  auto const statements = triggers_anew(relation, nullptr);
  if (statements.empty())
    throw Error("42704", "table " + table.identity() + " has no stamps")
        .hint("select deal_advisor.stamp_enable(...) puts them on.");
  run_as_owners({}, statements);
  return table.identity() + ": no longer stamped, columns stay";
}

}  // namespace deal::server
