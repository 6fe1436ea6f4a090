#include "server/marketplace/match_check.hpp"

#include <fmt/format.h>

#include "core/base/quote.hpp"
#include "server/bridge/spi.hpp"
#include "server/marketplace/registry.hpp"

namespace deal::server {

namespace {

/// Constraints on what alerts write whose truth the code keeps, as the server prints them.
constexpr const char* kOwnChecks =
    "{\"CHECK ((day_count >= 0))\",\"CHECK ((((last_notified_at IS NULL) = (last_notified_listing_id IS "
    "NULL)) "
    "AND ((last_notified_at IS NULL) = (last_notified_price_at IS NULL))))\"}";

/// $1 the schema, $2 the own checks. A row for each obstacle, and one for each table under row security.
constexpr const char* kQuery = R"(
with s as (select n.oid, n.nspname from pg_namespace n where n.nspname = $1::name),
used as (select c.* from pg_class c join s on c.relnamespace = s.oid where c.relname in ('watches', 'price_changes', 'price_history')),
w as (select u.oid from used u where u.relname = 'watches'),
written as (select array_agg(a.attnum) as nums from pg_attribute a join w on a.attrelid = w.oid
  where a.attname in ('last_notified_minor', 'last_notified_at', 'last_notified_listing_id', 'last_notified_price_at', 'day_of_count', 'day_count'))
select 'obstacle', 'a distributed database' where exists (select from pg_extension where extname = 'citus')
union all select 'obstacle', 'no right to use the schema' from s where not has_schema_privilege(s.oid, 'USAGE')
union all select 'obstacle', format('no right to %s on %s', r.what, t.relname)
  from (values ('watches', 'SELECT'), ('watches', 'UPDATE'), ('price_changes', 'SELECT'), ('price_history', 'SELECT')) r (name, what)
  join used t on t.relname = r.name where not has_table_privilege(t.oid, r.what)
union all select 'obstacle', format('inheritance of %s', t.relname)
  from used t where t.relispartition or exists (select from pg_inherits i where i.inhrelid = t.oid or i.inhparent = t.oid and t.relname <> 'price_history')
union all select 'obstacle', format('%s is no ordinary table', t.relname)
  from used t where t.relkind <> case when t.relname = 'price_history' then 'p' else 'r' end or t.relpersistence = 't'
union all select 'obstacle', format('%s is no ordinary table', l.relname)
  from used t join pg_inherits i on i.inhparent = t.oid join pg_class l on l.oid = i.inhrelid
  where l.relkind <> 'r' or l.relam <> (select m.oid from pg_am m where m.amname = 'heap')
union all select 'policy', t.relname from used t where row_security_active(t.oid)
union all select 'obstacle', format('row security of %s', t.relname)
  from used t cross join s where row_security_active(t.oid) and (current_setting('row_security') <> 'on'
    or 1 <> (select count(*) from pg_policy y where y.polrelid = t.oid and (y.polcmd in ('*', 'r') or y.polcmd = 'w' and t.relname = 'watches'))
    or not exists (select from pg_policy y where y.polrelid = t.oid and (y.polcmd = '*' or y.polcmd = 'r' and t.relname <> 'watches')
      and y.polpermissive and y.polroles = '{0}' and y.polwithcheck is null
      and pg_get_expr(y.polqual, y.polrelid) = case t.relname
        when 'price_history' then format('(tenant_id = ( SELECT %1$I.current_tenant() AS current_tenant))', s.nspname)
        when 'price_changes' then format('((tenant_id = ( SELECT %1$I.current_tenant() AS current_tenant)) AND (( SELECT %1$I.current_user_id() AS current_user_id) IS NULL))', s.nspname)
        else format('((tenant_id = ( SELECT %1$I.current_tenant() AS current_tenant)) AND ((user_id = ( SELECT %1$I.current_user_id() AS current_user_id)) OR (( SELECT %1$I.current_user_id() AS current_user_id) IS NULL)))', s.nspname) end))
union all select 'obstacle', format('trigger %s on watches', g.tgname)
  from pg_trigger g join w on w.oid = g.tgrelid cross join written c
  where not g.tgisinternal and g.tgtype & 16 <> 0 and (cardinality(g.tgattr::int2[]) = 0 or g.tgattr::int2[] && c.nums)
union all select 'obstacle', format('rule %s on watches', r.rulename) from pg_rewrite r join w on w.oid = r.ev_class
union all select 'obstacle', format('constraint %s of watches', k.conname)
  from pg_constraint k join w on w.oid = k.conrelid cross join written c
  where k.contype = 'c' and k.conkey && c.nums and not pg_get_constraintdef(k.oid) = any ($2::text[])
    or k.contype = 'f' and k.conkey && c.nums or k.contype in ('x', 't') or k.contype in ('p', 'u') and k.condeferrable
union all select 'obstacle', format('foreign key %s', k.conname) from pg_constraint k join w on w.oid = k.confrelid cross join written c where k.contype = 'f' and k.confkey && c.nums
union all select 'obstacle', format('column %s of watches', a.attname)
  from pg_attribute a join w on w.oid = a.attrelid cross join written c
  where a.attgenerated <> '' and a.attname <> 'threshold_minor' and not a.attisdropped or a.attname = 'last_notified_minor' and a.attnotnull
union all select 'obstacle', format('index %s', x.indexrelid::regclass) from pg_index x join w on w.oid = x.indrelid where x.indisexclusion or not x.indimmediate
)";

}  // namespace

bool find_match_tables(const std::string& schema, MatchTables& tables) {
  return find_tables(schema, {{"watches", &tables.watches_oid},
                              {"price_changes", &tables.changes_oid},
                              {"price_history", &tables.past.history_oid}});
}

std::optional<std::string> check_match(const std::string& schema, int64_t tenant) {
  pg::Spi session;
  // Not as a reader: it must see what is committed now that the tables are locked.
  pg::SqlResult const rows = session.change(kQuery, {schema, kOwnChecks});
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
