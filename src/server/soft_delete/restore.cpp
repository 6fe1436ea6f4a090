#include "server/soft_delete/restore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/catalog/user_table.hpp"
#include "server/soft_delete/relatives.hpp"
#include "server/soft_delete/trigger.hpp"

namespace deal::server {

namespace {

std::vector<std::string> primary_key(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select a.attname from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = i.indrelid "
      "and "
      "a.attnum = any (i.indkey[:i.indnkeyatts - 1]) where i.indrelid = $1::oid and i.indisprimary order by "
      "a.attname",
      {std::to_string(relation)});
  std::vector<std::string> columns;
  for (size_t i = 0; i < rows.size(); ++i)
    columns.push_back(rows.text(i, 0));
  return columns;
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (auto const& name : names)
    list += (list.empty() ? "" : ", ") + quote_identifier(name);
  return list;
}

/// The key's columns, in order of their names.
std::vector<std::string> columns_of(const UserTable& table, const std::string& key) {
  Json const json = Json::parse(key, nullptr, false);
  if (!json.is_object() || json.empty())
    throw Error("22023", "key must be a JSON object of columns and values").hint("As in '{\"id\": 42}'.");
  std::vector<std::string> given;
  for (auto const& [name, value] : json.items()) {
    if (table.column(name) == nullptr)
      throw Error("22023", fmt::format("{} has no column \"{}\"", table.identity(), name));
    given.push_back(name);
  }
  std::sort(given.begin(), given.end());
  std::vector<std::string> wanted = primary_key(table.relation);
  std::sort(wanted.begin(), wanted.end());
  if (!wanted.empty() && given != wanted)
    throw Error("22023", "key must have the columns of the primary key of " + table.identity())
        .hint("These are: " + listed(wanted) + ".");
  return given;
}

std::string update_text(const UserTable& table, const std::string& mark,
                        const std::vector<std::string>& columns) {
  std::string conditions;
  for (auto const& column : columns) {
    std::string const name = quote_identifier(column);
    conditions += fmt::format(" and x.{} = k.{}", name, name);
  }
  return fmt::format(
      "update {0} x set {1} = null from pg_catalog.jsonb_populate_record(null::{0}, $1::jsonb) k "
      "where x.{1} is not null{2}",
      table.identity(), quote_identifier(mark), conditions);
}

/// Throws unless it is one row: whatever was done is undone by that.
void restore_one(const UserTable& table, const std::string& sql, const std::string& key) {
  std::optional<pg::AsOwner> owner;
  if (pg::may_assume(pg::current_role(), table.owner)) owner.emplace(table.owner);
  pg::Spi spi;
  int64_t const rows = spi.execute(sql, {key});
  if (rows == 0)
    throw Error("P0002", fmt::format("no deleted row of {} has the key {}", table.identity(), key))
        .hint("It may be live, or purged.");
  if (rows > 1)
    throw Error("21000", fmt::format("{} deleted rows of {} have the key {}", rows, table.identity(), key))
        .hint("Give columns that tell them apart.");
}

}  // namespace

int64_t restore_row(ObjectId relation, const std::string& key) {
  UserTable const table = read_user_table(relation);
  std::string const mark = mark_of_table(relation);
  if (mark.empty())
    throw Error("42704", "table " + table.identity() + " has no soft deletes")
        .hint("select deal_advisor.soft_delete_enable(...) gives it some.");
  std::string const sql = update_text(table, mark, columns_of(table, key));
  int64_t const before = mark_counts().restored;
  restore_one(table, sql, key);
  return mark_counts().restored - before;
}

}  // namespace deal::server
