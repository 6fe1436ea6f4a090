#include "server/marketplace/ingest_check.hpp"

#include <array>

#include <fmt/format.h>

#include "core/base/quote.hpp"
#include "server/bridge/spi.hpp"
#include "server/marketplace/registry.hpp"

namespace deal::server {

namespace {

/// Constraints whose truth the code keeps, as the server prints them; white space doesn't count.
constexpr std::array kOwnChecks = {
    "CHECK (((VALUE >= 1) AND (VALUE <= '10000000000000'::bigint)))",
    "CHECK (((url ~ '^https?://[^[:space:]]+$'::text) AND (length(url) <= 2000)))",
    "CHECK ((in_stock = (last_price_minor IS NOT NULL)))",
    "CHECK (((last_changed_at <= last_seen_at) AND ((last_changed_at IS NULL) = (last_seen_at IS NULL))))",
    "CHECK (((last_seen_at IS NOT NULL) OR ((last_price_minor IS NULL) AND (prev_price_minor IS NULL) AND "
    "(list_price_minor IS NULL))))",
    "CHECK ((((low_90_minor)::bigint <= (low_30_minor)::bigint) AND ((low_365_minor)::bigint <= "
    "(low_90_minor)::bigint) AND ((low_all_minor)::bigint <= (low_365_minor)::bigint)))",
    "CHECK (isfinite(observed_at))",
    "CHECK (((n + absent) > 0))",
    "CHECK ((sum_minor >= 0))",
    "CHECK ((n >= 0))",
    "CHECK ((absent >= 0))",
    "CHECK (CASE WHEN (n = 0) THEN ((min_minor IS NULL) AND (max_minor IS NULL) AND (sum_minor = 0) AND "
    "(last_minor IS NULL)) ELSE ((min_minor IS NOT NULL) AND (max_minor IS NOT NULL) AND "
    "(((sum_minor)::numeric >= ((min_minor)::numeric * (n)::numeric)) AND ((sum_minor)::numeric <= "
    "((max_minor)::numeric * (n)::numeric)))) END)",
    "CHECK ((((last_minor)::bigint >= (min_minor)::bigint) AND ((last_minor)::bigint <= "
    "(max_minor)::bigint)))",
    "CHECK ((((last_at AT TIME ZONE 'UTC'::text))::date = day))",
};

/// $1 the schema, $2 the source, $3 the own checks. A row for each obstacle, and one with the value of the
/// source.
constexpr const char* kQuery = R"(
with s as (select n.oid, n.nspname from pg_namespace n where n.nspname = $1::name),
part as (
  select c.*, c.relname as part from pg_class c join s on c.relnamespace = s.oid where c.relname in ('listings', 'price_history', 'price_daily')
  union all
  select l.*, 'price_history' from pg_class c join s on c.relnamespace = s.oid join pg_inherits i on i.inhparent = c.oid join pg_class l on l.oid = i.inhrelid
    where c.relname = 'price_history'),
top as (select p.* from part p where p.relname = p.part and p.relnamespace = (select s.oid from s)),
-- Products are only locked.
used as (select t.oid, t.part, t.relname from top t union all select c.oid, c.relname, c.relname from pg_class c join s on c.relnamespace = s.oid where c.relname = 'products'),
col as (
  select p.oid, p.part, a.attnum, a.attname, a.attnotnull, a.attgenerated, a.attidentity, a.atttypid,
      case p.part when 'listings' then a.attname in ('last_price_minor', 'list_price_minor', 'prev_price_minor', 'low_30_minor', 'low_90_minor', 'low_365_minor', 'low_all_minor', 'in_stock', 'last_changed_at', 'last_seen_at')
        when 'price_daily' then a.attname not in ('tenant_id', 'listing_id', 'day') else false end as written,
      a.attname in ('last_price_minor', 'list_price_minor', 'prev_price_minor', 'low_30_minor', 'low_90_minor', 'low_365_minor', 'low_all_minor', 'price_minor', 'min_minor', 'max_minor', 'last_minor', 'deleted_at') as may_be_null
    from part p join pg_attribute a on a.attrelid = p.oid where a.attnum > 0 and not a.attisdropped),
key as (select p.oid, array_agg(c.attnum order by c.attname) as nums from part p join col c on c.oid = p.oid where c.attname in ('tenant_id', 'listing_id') group by p.oid)
select 'source', (select e.oid::text from pg_enum e where e.enumtypid = (select c.atttypid from col c join top t on t.oid = c.oid where t.part = 'price_history' and c.attname = 'source') and e.enumlabel = $2)
union all select 'obstacle', 'a distributed database' where exists (select from pg_extension where extname = 'citus')
union all select 'obstacle', format('no right to %s on %s', r.what, t.relname)
  from (values ('listings', 'SELECT'), ('listings', 'UPDATE'), ('price_history', 'SELECT'), ('price_history', 'INSERT'), ('price_daily', 'SELECT'), ('price_daily', 'INSERT'), ('price_daily', 'UPDATE'), ('products', 'SELECT'), ('products', 'UPDATE')) r (part, what)
  join used t on t.part = r.part where not has_table_privilege(t.oid, r.what)
union all select 'obstacle', 'no right to use the schema' from s where not has_schema_privilege(s.oid, 'USAGE')
union all select 'policy', t.relname from used t where row_security_active(t.oid)
union all select 'obstacle', format('row security of %s', t.relname)
  from used t where row_security_active(t.oid) and (current_setting('row_security') <> 'on'
    or 1 <> (select count(*) from pg_policy y where y.polrelid = t.oid)
    or not exists (select from pg_policy y, s where y.polrelid = t.oid and y.polcmd = '*' and y.polpermissive and y.polroles = '{0}' and y.polwithcheck is null
      and pg_get_expr(y.polqual, y.polrelid) = format('(tenant_id = ( SELECT %I.current_tenant() AS current_tenant))', s.nspname)))
union all select 'obstacle', format('trigger %s on %s', g.tgname, p.relname)
  from pg_trigger g join part p on p.oid = g.tgrelid left join pg_constraint k on k.oid = g.tgconstraint
  where not (g.tgisinternal and coalesce(k.contype = 'f', false))
    and case p.part when 'price_history' then g.tgtype & 4 <> 0
      when 'price_daily' then g.tgtype & 20 <> 0
      else g.tgtype & 16 <> 0 and (cardinality(g.tgattr::int2[]) = 0 or exists (select from col c where c.oid = p.oid and c.written and c.attnum = any (g.tgattr))) end
union all select 'obstacle', format('rule %s on %s', r.rulename, p.relname) from pg_rewrite r join part p on p.oid = r.ev_class
union all select 'obstacle', 'inheritance of products' from used u join pg_inherits i on i.inhparent = u.oid where u.part = 'products'
union all select 'obstacle', format('inheritance of %s', t.relname)
  from top t where t.relispartition or exists (select from pg_inherits i where i.inhrelid = t.oid or i.inhparent = t.oid and t.part <> 'price_history')
union all select 'obstacle', format('%s is no ordinary table', p.relname)
  from part p where p.relkind <> case when p.relname = 'price_history' then 'p' else 'r' end or p.relpersistence = 't'
    or p.relkind = 'r' and p.relam <> (select m.oid from pg_am m where m.amname = 'heap')
union all select 'obstacle', format('constraint %s of %s', k.conname, p.relname)
  from pg_constraint k join part p on p.oid = k.conrelid
  where k.contype = 'c' and not regexp_replace(pg_get_constraintdef(k.oid), '\s+', '', 'g') = any (select regexp_replace(o, '\s+', '', 'g') from unnest($3::text[]) o)
    or k.contype in ('x', 't') or k.contype in ('p', 'u') and k.condeferrable
union all select 'obstacle', format('constraint %s of a type', k.conname)
  from pg_constraint k where k.contypid in (select c.atttypid from col c where c.written or c.part <> 'listings') and k.contype = 'c'
    and not pg_get_constraintdef(k.oid) = any ($3::text[])
union all select 'obstacle', format('foreign key %s', k.conname)
  from pg_constraint k join part p on p.oid = k.conrelid left join key on key.oid = p.oid
  where k.contype = 'f' and case p.part
    when 'listings' then exists (select from col c where c.oid = p.oid and c.written and c.attnum = any (k.conkey))
    else k.confrelid <> (select t.oid from top t where t.part = 'listings') or k.conkey[1:2] <> array[
      (select c.attnum from col c where c.oid = p.oid and c.attname = 'tenant_id'), (select c.attnum from col c where c.oid = p.oid and c.attname = 'listing_id')]::int2[]
      or k.confkey <> array[(select c.attnum from col c join top t on t.oid = c.oid where t.part = 'listings' and c.attname = 'tenant_id'), (select c.attnum from col c join top t on t.oid = c.oid where t.part = 'listings' and c.attname = 'id')]::int2[] end
union all select 'obstacle', format('foreign key %s', k.conname)
  from pg_constraint k join part p on p.oid = k.confrelid where k.contype = 'f' and exists (select from col c where c.oid = p.oid and c.written and c.attnum = any (k.confkey))
union all select 'obstacle', format('column %s of %s', c.attname, c.part)
  from col c where c.attgenerated <> '' or c.attnotnull and c.may_be_null or c.part <> 'listings' and (c.attname in ('list_price_minor') and c.attnotnull)
    or exists (select from pg_type y where y.oid = c.atttypid and y.typnotnull)
union all select 'obstacle', format('index %s', x.indexrelid::regclass)
  from pg_index x join part p on p.oid = x.indrelid
  where x.indisexclusion or not x.indimmediate
    or x.indisunique and p.part = 'listings' and (x.indexprs is not null or exists (select from col c where c.oid = p.oid and c.written and c.attnum = any (x.indkey)))
    or x.indisunique and p.part <> 'listings' and not x.indisprimary
)";

std::string array_text(std::span<const char* const> texts) {
  std::string text = "{";
  for (const char* const one : texts) {
    text += text.size() > 1 ? ",\"" : "\"";
    for (const char* c = one; *c != '\0'; ++c) {
      if (*c == '"' || *c == '\\') text += '\\';
      text += *c;
    }
    text += '"';
  }
  return text + "}";
}

}  // namespace

bool find_ingest_tables(const std::string& schema, IngestTables& tables) {
  return find_tables(schema, {{"listings", &tables.listings_oid},
                              {"price_history", &tables.history_oid},
                              {"price_daily", &tables.daily_oid},
                              {"products", &tables.products_oid}});
}

IngestCheck check_ingest(const std::string& schema, int64_t tenant, const std::string& source) {
  IngestCheck check;
  pg::Spi session;
  // Not as a reader: it must see what is committed now that the tables are locked.
  pg::SqlResult const rows = session.change(kQuery, {schema, source, array_text(kOwnChecks)});
  bool secured = false;
  for (size_t i = 0; i < rows.size(); ++i) {
    std::string const kind = rows.text(i, 0);
    if (kind == "source" && !rows.is_null(i, 1)) check.source = rows.oid(i, 1);
    secured = secured || kind == "policy";
    if (kind == "obstacle" && !check.obstacle) check.obstacle = rows.text(i, 1);
  }
  if (!check.obstacle && !source.empty() && check.source == InvalidOid) check.obstacle = "no such source";
  if (!check.obstacle && secured) {
    pg::SqlResult const own =
        session.query(fmt::format("select {}.current_tenant() = $1::bigint", quote_identifier(schema)),
                      {std::to_string(tenant)});
    if (own.empty() || !own.boolean(0, 0)) check.obstacle = "another tenant's rows";
  }
  return check;
}

}  // namespace deal::server
