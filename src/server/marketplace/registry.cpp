#include "server/marketplace/registry.hpp"

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "catalog/namespace.h"
}

namespace deal::server {

namespace {

constexpr pg::MemberTable kRegistry("marketplace");

constexpr const char* kSelect =
    "select schema_name, version, pg_catalog.to_jsonb(modules), options, server_major, objects from "
    "deal_advisor.marketplace where $1::name is null or schema_name = $1::name order by schema_name";

/// In terms of names only, and parentheses don't count, so that a dump and restore change nothing. $1: the
/// schema.
constexpr const char* kObjects = R"(
with relation as (
  select c.* from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1::name and not c.relispartition),
object as (
  select 'table ' || r.relname as name, pg_catalog.concat_ws(' ', r.relkind, r.relrowsecurity, r.relforcerowsecurity,
    pg_catalog.pg_get_partkeydef(r.oid), case when r.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(r.oid) end) as definition
  from relation r where r.relkind in ('r', 'p', 'v', 'm')
  union all
  select 'column ' || r.relname || '.' || a.attname, pg_catalog.concat_ws(' ', pg_catalog.format_type(a.atttypid, a.atttypmod),
    a.attnotnull, a.attidentity, a.attgenerated, pg_catalog.pg_get_expr(d.adbin, d.adrelid))
  from relation r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where r.relkind in ('r', 'p')
  union all
  select 'constraint ' || r.relname || '.' || k.conname, pg_catalog.pg_get_constraintdef(k.oid)
  from relation r join pg_catalog.pg_constraint k on k.conrelid = r.oid where k.contype <> 'n' and k.conparentid = 0
  union all
  select 'index ' || t.relname || '.' || r.relname, pg_catalog.pg_get_indexdef(r.oid)
  from relation r join pg_catalog.pg_index i on i.indexrelid = r.oid join pg_catalog.pg_class t on t.oid = i.indrelid
  union all
  select 'trigger ' || r.relname || '.' || t.tgname, pg_catalog.concat_ws(' ', t.tgenabled, pg_catalog.pg_get_triggerdef(t.oid))
  from relation r join pg_catalog.pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
  union all
  select 'policy ' || r.relname || '.' || p.polname, pg_catalog.concat_ws(' ', p.polcmd, p.polpermissive, (p.polroles)::pg_catalog.regrole[]::text,
    pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
  from relation r join pg_catalog.pg_policy p on p.polrelid = r.oid
  union all
  select 'function ' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
    case when p.prokind in ('f', 'p') then pg_catalog.pg_get_functiondef(p.oid) else p.prokind::text end
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = $1::name
  union all
  select 'type ' || t.typname, pg_catalog.concat_ws(' ', t.typtype, pg_catalog.format_type(nullif(t.typbasetype, 0), t.typtypmod), t.typnotnull,
    (select pg_catalog.string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid),
    (select pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(k.oid), ' ' order by k.conname) from pg_catalog.pg_constraint k
     where k.contypid = t.oid and k.contype = 'c'))
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where n.nspname = $1::name and t.typtype in ('e', 'd', 'r'))
select name, pg_catalog.md5(pg_catalog.translate(definition, '() ', '')) from object order by name)";

Marketplace marketplace_of(const pg::SqlResult& rows, size_t row) {
  Marketplace found;
  found.schema = rows.text(row, 0);
  found.version = static_cast<int>(rows.int8(row, 1));
  found.modules = Json::parse(rows.text(row, 2)).get<std::vector<std::string>>();
  found.options = rows.text(row, 3);
  found.server_major = static_cast<int>(rows.int8(row, 4));
  found.objects = Json::parse(rows.text(row, 5)).get<SchemaObjects>();
  return found;
}

}  // namespace

std::vector<Marketplace> read_marketplaces() {
  pg::SqlResult const rows = kRegistry.read(kSelect, {std::nullopt});
  std::vector<Marketplace> all;
  for (size_t row = 0; row < rows.size(); ++row)
    all.push_back(marketplace_of(rows, row));
  return all;
}

std::optional<Marketplace> find_marketplace(const std::string& schema) {
  pg::SqlResult const rows = kRegistry.read(kSelect, {schema});
  if (rows.empty()) return std::nullopt;
  return marketplace_of(rows, 0);
}

Marketplace require_marketplace(const std::string& schema) {
  std::optional<Marketplace> found = find_marketplace(schema);
  if (!found)
    throw Error("42704", "there is no marketplace in schema " + quote_identifier(schema))
        .hint(
            "deal_advisor.marketplace_install makes one; deal_advisor.marketplace_status() lists those that "
            "there are.");
  if (Oid const oid = schema_oid(schema); oid != InvalidOid)
    require_schema_owner(schema, oid);
  else if (!pg::owns_database())
    throw Error("42501", "schema " + quote_identifier(schema) +
                             " is gone: only the database's owner may say what becomes of its marketplace");
  return std::move(*found);
}

void save_marketplace(const Marketplace& marketplace) {
  (void)kRegistry.write(
      "insert into deal_advisor.marketplace (schema_name, version, modules, options, server_major, objects) "
      "values ($1::name, $2::integer, array(select pg_catalog.jsonb_array_elements_text($3::jsonb)), "
      "$4::jsonb, $5::integer, $6::jsonb) "
      "on conflict (schema_name) do update set version = excluded.version, modules = excluded.modules, "
      "options = excluded.options, "
      "server_major = excluded.server_major, objects = excluded.objects",
      {marketplace.schema, std::to_string(marketplace.version), Json(marketplace.modules).dump(),
       marketplace.options, std::to_string(marketplace.server_major), Json(marketplace.objects).dump()});
}

void forget_marketplace(const std::string& schema) {
  (void)kRegistry.write("delete from deal_advisor.marketplace where schema_name = $1::name", {schema});
}

void lock_marketplace(pg::Spi& spi, const std::string& schema) {
  spi.query(
      "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('deal_advisor.marketplace ' || "
      "$1, 0))",
      {schema});
}

bool find_tables(const std::string& schema, std::initializer_list<NamedTable> tables) {
  std::string names;
  for (NamedTable const& table : tables)
    names += (names.empty() ? "{" : ",") + std::string(table.name);
  pg::Spi session;
  // Not as a reader: after a wait for locks it must see what has become of the names.
  pg::SqlResult const found = session.change(
      "select c.relname, c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
      "c.relnamespace where n.nspname = $1::name and c.relname = any ($2::name[])",
      {schema, names + "}"});
  std::map<std::string, Oid> oids;
  for (size_t i = 0; i < found.size(); ++i)
    oids.emplace(found.text(i, 0), found.oid(i, 1));
  bool all = true;
  for (NamedTable const& table : tables) {
    auto const known = oids.find(table.name);
    *table.oid = known == oids.end() ? InvalidOid : known->second;
    all = all && known != oids.end();
  }
  return all;
}

Oid schema_oid(const std::string& schema) {
  return pg::call([&] { return get_namespace_oid(schema.c_str(), true); });
}

void require_schema_owner(const std::string& schema, Oid oid) {
  Oid const owner = pg::schema_owner(oid);
  if (pg::may_assume(pg::current_role(), owner)) return;
  throw Error("42501", "must be owner of schema " + quote_identifier(schema))
      .hint("Only its owner, role \"" + pg::role_name(owner) +
            "\", a member of that role, or a superuser may do this.");
}

SchemaObjects read_objects(const std::string& schema) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(kObjects, {schema});
  SchemaObjects objects;
  for (size_t row = 0; row < rows.size(); ++row)
    objects.emplace(rows.text(row, 0), rows.text(row, 1));
  return objects;
}

}  // namespace deal::server
