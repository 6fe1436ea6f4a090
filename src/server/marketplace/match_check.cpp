#include "server/marketplace/match_check.hpp"

#include <fmt/format.h>

#include "core/base/quote.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

/// $1 the schema. A row for each obstacle, and one for each table under row security.
constexpr const char* kQuery = R"(
with s as (select n.oid, n.nspname from pg_namespace n where n.nspname = $1::name),
used as (select c.* from pg_class c join s on c.relnamespace = s.oid where c.relname in ('watches', 'price_changes', 'price_history'))
select 'obstacle', 'a distributed database' where exists (select from pg_extension where extname = 'citus')
union all select 'obstacle', 'no right to use the schema' from s where not has_schema_privilege(s.oid, 'USAGE')
union all select 'obstacle', format('no right to SELECT on %s', t.relname) from used t where not has_table_privilege(t.oid, 'SELECT')
union all select 'obstacle', format('inheritance of %s', t.relname)
  from used t where t.relispartition or exists (select from pg_inherits i where i.inhrelid = t.oid or i.inhparent = t.oid and t.relname <> 'price_history')
union all select 'obstacle', format('%s is no ordinary table', t.relname)
  from used t where t.relkind <> case when t.relname = 'price_history' then 'p' else 'r' end or t.relpersistence = 't'
union all select 'obstacle', format('%s is no ordinary table', l.relname)
  from used t join pg_inherits i on i.inhparent = t.oid join pg_class l on l.oid = i.inhrelid where l.relkind <> 'r'
union all select 'policy', t.relname from used t where row_security_active(t.oid)
union all select 'obstacle', format('row security of %s', t.relname)
  from used t cross join s where row_security_active(t.oid) and (current_setting('row_security') <> 'on'
    or 1 <> (select count(*) from pg_policy y where y.polrelid = t.oid and y.polcmd in ('*', 'r'))
    or not exists (select from pg_policy y where y.polrelid = t.oid and y.polcmd in ('*', 'r') and y.polpermissive and y.polroles = '{0}'
      and pg_get_expr(y.polqual, y.polrelid) = case t.relname
        when 'price_history' then format('(tenant_id = ( SELECT %1$I.current_tenant() AS current_tenant))', s.nspname)
        when 'price_changes' then format('((tenant_id = ( SELECT %1$I.current_tenant() AS current_tenant)) AND (( SELECT %1$I.current_user_id() AS current_user_id) IS NULL))', s.nspname)
        else format('((tenant_id = ( SELECT %1$I.current_tenant() AS current_tenant)) AND ((user_id = ( SELECT %1$I.current_user_id() AS current_user_id)) OR (( SELECT %1$I.current_user_id() AS current_user_id) IS NULL)))', s.nspname) end))
)";

}  // namespace

bool find_match_tables(const std::string& schema, MatchTables& tables) {
  pg::Spi session;
  pg::SqlResult const found = session.query(
      "select c.relname, c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
      "c.relnamespace where n.nspname = $1::name and c.relname in ('watches', 'price_changes', "
      "'price_history')",
      {schema});
  for (size_t i = 0; i < found.size(); ++i) {
    std::string const name = found.text(i, 0);
    (name == "watches"         ? tables.watches_oid
     : name == "price_changes" ? tables.changes_oid
                               : tables.past.history_oid) = found.oid(i, 1);
  }
  return found.size() == 3;
}

std::optional<std::string> check_match(const std::string& schema, int64_t tenant) {
  pg::Spi session;
  // Not as a reader: it must see what is committed now that the tables are locked.
  pg::SqlResult const rows = session.change(kQuery, {schema});
  bool secured = false;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows.text(i, 0) == "obstacle") return rows.text(i, 1);
    secured = true;
  }
  if (!secured) return std::nullopt;
  pg::SqlResult const own =
      session.query(fmt::format("select {0}.current_tenant() = $1::bigint and {0}.current_user_id() is null",
                                quote_identifier(schema)),
                    {std::to_string(tenant)});
  if (own.empty() || !own.boolean(0, 0)) return "rows that the caller doesn't see";
  return std::nullopt;
}

}  // namespace deal::server
