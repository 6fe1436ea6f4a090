#include "server/soft_delete/live_view.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/soft_delete/soft_delete.hpp"
#include "server/bridge/spi.hpp"
#include "server/catalog/table_change.hpp"
#include "server/soft_delete/relatives.hpp"

namespace deal::server {

namespace {

/// Views whose query reads the table.
constexpr const char* kViewsOfTable =
    "select distinct v.oid, v.relname, v.relnamespace from pg_catalog.pg_depend d join pg_catalog.pg_rewrite "
    "r on "
    "d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid join pg_catalog.pg_class v "
    "on "
    "v.oid = r.ev_class and v.relkind = 'v' where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass "
    "and "
    "d.refobjid = $1::oid";

std::string plain_view_name(const UserTable& table, const std::optional<std::string>& name) {
  return name ? *name : fitting_name(table.name, "_live");
}

/// True if a view of that name is there and reads this table only by its name among the table's views.
bool view_is_there(const UserTable& table, const std::string& name) {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      std::string("select c.oid in (select w.oid from (") + kViewsOfTable +
          ") w) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where "
          "n.nspname = $2 and c.relname = $3",
      {std::to_string(table.relation), table.schema, name});
  if (row.empty()) return false;
  if (row.boolean(0, 0)) return true;
  throw Error("42P07", fmt::format("relation {} already exists", quote_qualified(table.schema, name)))
      .hint("Give another name in live_view, or '' for no view.");
}

bool has_primary_key(const UserTable& table) {
  pg::Spi spi;
  return !spi.query("select 1 from pg_catalog.pg_index where indrelid = $1::oid and indisprimary",
                    {std::to_string(table.relation)})
              .empty();
}

std::vector<std::string> grants(const UserTable& table, const std::string& view) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end, "
      "a.privilege_type, a.is_grantable and a.grantee <> 0 from pg_catalog.pg_class c cross join lateral "
      "pg_catalog.aclexplode(c.relacl) a left join pg_catalog.pg_roles r on r.oid = a.grantee where c.oid = "
      "$1::oid and a.grantee <> c.relowner and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE') "
      "and (a.grantee = 0 or r.rolname is not null) order by 1, 2",
      {std::to_string(table.relation)});
  std::vector<std::string> statements;
  for (size_t i = 0; i < rows.size(); ++i)
    statements.push_back(fmt::format("grant {} on {} to {}{}", rows.text(i, 1), view, rows.text(i, 0),
                                     rows.boolean(i, 2) ? " with grant option" : ""));
  return statements;
}

}  // namespace

std::string live_view_name(const UserTable& table, const std::optional<std::string>& name) {
  std::string const plain = plain_view_name(table, name);
  return plain.empty() ? plain : quote_qualified(table.schema, plain);
}

std::vector<std::string> drop_view_triggers(const UserTable& table) {
  std::vector<ObjectId> views;
  {
    pg::Spi spi;
    pg::SqlResult const rows = spi.query(kViewsOfTable, {std::to_string(table.relation)});
    for (size_t i = 0; i < rows.size(); ++i)
      views.push_back(rows.oid(i, 0));
  }
  std::vector<std::string> statements;
  for (ObjectId const view : views)
    for (auto& sql : drop_triggers(view, kSoftDeleteFunction))
      statements.push_back(std::move(sql));
  return statements;
}

std::vector<std::string> live_view_statements(const UserTable& table, const std::string& mark,
                                              const std::optional<std::string>& name) {
  std::string const view = live_view_name(table, name);
  if (view.empty()) return {};
  bool const there = view_is_there(table, plain_view_name(table, name));
  std::vector<std::string> statements{soft_delete::create_live_view(view, table.identity(), mark, there)};
  for (auto& grant : grants(table, view))
    statements.push_back(std::move(grant));
  if (has_primary_key(table)) statements.push_back(soft_delete::create_view_trigger(view));
  return statements;
}

}  // namespace deal::server
