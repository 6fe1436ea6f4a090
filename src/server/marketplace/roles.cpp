#include <array>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/rows.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"
#include "server/marketplace/marketplace.hpp"
#include "server/marketplace/registry.hpp"

namespace deal::server {

namespace {

constexpr pg::MemberTable kRoles("marketplace_role");

struct Purpose {
  const char* name;
  const char* suffix;
  const char* may;
  bool application;  ///< it says in settings for whom it acts
};

constexpr std::array kPurposes = {
    Purpose{"application", "_app",
            "acts for users: catalogue, conversations, watches, sign-in; no hash, no price, no queue", true},
    Purpose{"worker", "_worker",
            "background jobs: records prices, finds deals, keeps figures, makes alerts, works queues off",
            true},
    Purpose{"analyst", "_analyst", "reads catalogue, prices, deals and figures; people masked", false},
    Purpose{"support", "_support",
            "reads people masked, what they watch and what they were told; finds them by address", false},
};

// Who has it made one of our roles: names are shared by all databases of the server.
constexpr const char* kMark = "deal_advisor: ";

// What a role lacks of what its purpose needs. Partitions are reached by their table.
constexpr const char* kMissing = R"(
with grantee as (select r.oid, r.rolname from pg_catalog.pg_roles r where r.rolname = $3::name),
space as (select n.* from pg_catalog.pg_namespace n where n.nspname = $1::name),
wanted as (
  select g.* from deal_advisor.marketplace_role_grants() g
  where g.purpose = $2 and not exists (
    select from pg_catalog.pg_proc p join space s on p.pronamespace = s.oid where p.proname = g.unless)),
relation as (
  select c.oid, c.relname, w.privilege, w.columns, exists (
      select from pg_catalog.aclexplode(c.relacl) a join grantee g on g.oid = a.grantee where a.privilege_type = w.privilege) as has
  from wanted w join pg_catalog.pg_class c on c.relname = w.object join space s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v') and w.privilege <> 'EXECUTE')
select 'schema', null, null, 'USAGE', null from space s
where not exists (select from pg_catalog.aclexplode(s.nspacl) a join grantee g on g.oid = a.grantee where a.privilege_type = 'USAGE')
union all
select 'table', r.relname::text, null, r.privilege, null from relation r where r.columns is null and not r.has
union all
select 'table', r.relname::text, null, r.privilege, pg_catalog.jsonb_agg(c.attname order by c.attnum)::text
from relation r join pg_catalog.pg_attribute c on c.attrelid = r.oid and c.attname = any (r.columns) and not c.attisdropped
where not r.has and not exists (
  select from pg_catalog.aclexplode(c.attacl) a join grantee g on g.oid = a.grantee where a.privilege_type = r.privilege)
group by 2, 4
union all
select 'function', p.proname::text, pg_catalog.pg_get_function_identity_arguments(p.oid), w.privilege, null
from wanted w join pg_catalog.pg_proc p on p.proname = w.object join space s on s.oid = p.pronamespace
where w.privilege = 'EXECUTE' and not exists (
  select from pg_catalog.aclexplode(p.proacl) a join grantee g on g.oid = a.grantee)
order by 1, 2, 3, 4)";

// What a role has in the schema, columns with their table.
constexpr const char* kHeld = R"(
with grantee as (select r.oid from pg_catalog.pg_roles r where r.rolname = $2::name),
space as (select n.* from pg_catalog.pg_namespace n where n.nspname = $1::name)
select 'table', c.relname::text, null from pg_catalog.pg_class c join space s on s.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and (
  exists (select from pg_catalog.aclexplode(c.relacl) a join grantee g on g.oid = a.grantee)
  or exists (select from pg_catalog.pg_attribute t, pg_catalog.aclexplode(t.attacl) a join grantee g on g.oid = a.grantee where t.attrelid = c.oid))
union all
select 'routine', p.proname::text, pg_catalog.pg_get_function_identity_arguments(p.oid)
from pg_catalog.pg_proc p join space s on s.oid = p.pronamespace
where exists (select from pg_catalog.aclexplode(p.proacl) a join grantee g on g.oid = a.grantee)
union all
select 'schema', null, null from space s where exists (select from pg_catalog.aclexplode(s.nspacl) a join grantee g on g.oid = a.grantee)
order by 1, 2, 3)";

/// The roles that were made for a marketplace: purpose and name.
std::map<std::string, std::string> registered_roles(const std::string& schema) {
  pg::SqlResult const rows = kRoles.read(
      "select purpose, role_name from deal_advisor.marketplace_role where schema_name = $1::name", {schema});
  std::map<std::string, std::string> roles;
  for (size_t row = 0; row < rows.size(); ++row)
    roles.emplace(rows.text(row, 0), rows.text(row, 1));
  return roles;
}

bool exists(const std::string& role) {
  return pg::role_oid(role) != InvalidOid;
}

/// Whether a role of that name was made here.
bool is_ours(pg::Spi& spi, const std::string& role) {
  return spi
      .query(
          "select coalesce(pg_catalog.shobj_description(r.oid, 'pg_authid') like $2 || '%', false) from "
          "pg_catalog.pg_roles r where r.rolname = $1::name",
          {role, std::string(kMark)})
      .boolean(0, 0);
}

std::string drop_hint(const std::string& schema) {
  return fmt::format("select * from deal_advisor.marketplace_drop_roles({}); drops them.",
                     quote_literal(schema));
}

struct NamedRole {
  const Purpose* purpose;
  std::string name;
  bool found;
};

/// The name of each role, and whether it is there. Errors: 55000 there are some of another prefix; 42710
/// somebody else's role has one of the names.
std::vector<NamedRole> named_roles(pg::Spi& spi, const std::string& schema,
                                   const std::optional<std::string>& prefix) {
  std::map<std::string, std::string> const known = registered_roles(schema);
  std::vector<NamedRole> roles;
  for (Purpose const& purpose : kPurposes) {
    auto const before = known.find(purpose.name);
    bool const registered = before != known.end();
    std::string const name =
        registered && !prefix ? before->second : fitting_name(prefix.value_or(schema), purpose.suffix);
    if (registered && before->second != name)
      throw Error("55000", fmt::format("the marketplace in schema {} has roles already, such as {}",
                                       quote_identifier(schema), quote_identifier(before->second)))
          .hint(drop_hint(schema));
    bool const found = exists(name);
    if (found && !(registered && is_ours(spi, name)))
      throw Error("42710", fmt::format("role {} exists, and was not made for the marketplace in schema {}",
                                       quote_identifier(name), quote_identifier(schema)))
          .hint(
              "Give another prefix as the second argument, or drop that role; roles are shared by all "
              "databases of the server.");
    roles.push_back({&purpose, name, found});
  }
  return roles;
}

/// Errors: 42501, before anything is done.
void require_may_create(pg::Spi& spi, const std::vector<NamedRole>& roles) {
  bool missing = false;
  for (NamedRole const& role : roles)
    missing = missing || !role.found;
  if (!missing || spi.query("select r.rolcreaterole or r.rolsuper from pg_catalog.pg_roles r where r.oid = "
                            "$1::pg_catalog.oid",
                            {std::to_string(pg::current_role())})
                      .boolean(0, 0))
    return;
  throw Error("42501", "permission denied to create roles")
      .hint("It takes CREATEROLE: alter role " + quote_identifier(pg::role_name(pg::current_role())) +
            " createrole; or a superuser's call.");
}

void create_role(pg::Spi& spi, const std::string& schema, const NamedRole& role) {
  std::string const name = quote_identifier(role.name);
  spi.execute("create role " + name + " nologin");
  spi.execute(fmt::format("comment on role {} is {}", name,
                          quote_literal(fmt::format("{}{} of the marketplace in schema {}: {}", kMark,
                                                    role.purpose->name, schema, role.purpose->may))));
  (void)kRoles.write(
      "insert into deal_advisor.marketplace_role (schema_name, purpose, role_name) values ($1::name, $2, "
      "$3::name) on conflict (schema_name, purpose) do nothing",
      {schema, std::string(role.purpose->name), role.name});
}

/// "table shop.users", "function shop.f(integer)", "schema shop": rows of kMissing and kHeld.
std::string object_of(const std::string& schema, const pg::SqlResult& rows, size_t row) {
  std::string const kind = rows.text(row, 0);
  if (rows.is_null(row, 1)) return kind + " " + quote_identifier(schema);
  std::string object = kind + " " + quote_qualified(schema, rows.text(row, 1));
  if (!rows.is_null(row, 2)) object += "(" + rows.text(row, 2) + ")";
  return object;
}

/// " (a, b)" of a JSON array of names, empty for NULL.
std::string column_list(const pg::Cell& names) {
  if (!names) return {};
  std::string list;
  for (std::string const& name : Json::parse(*names).get<std::vector<std::string>>())
    list += (list.empty() ? " (" : ", ") + quote_identifier(name);
  return list + ")";
}

int32_t grant_missing(pg::Spi& spi, const std::string& schema, const NamedRole& role) {
  pg::SqlResult const missing = spi.query(kMissing, {schema, std::string(role.purpose->name), role.name});
  for (size_t row = 0; row < missing.size(); ++row)
    spi.execute(fmt::format("grant {}{} on {} to {}", missing.text(row, 3), column_list(missing.cell(row, 4)),
                            object_of(schema, missing, row), quote_identifier(role.name)));
  return static_cast<int32_t>(missing.size());
}

int32_t revoke_held(pg::Spi& spi, const std::string& schema, const std::string& role) {
  pg::SqlResult const held = spi.query(kHeld, {schema, role});
  for (size_t row = 0; row < held.size(); ++row)
    spi.execute(
        fmt::format("revoke all on {} from {}", object_of(schema, held, row), quote_identifier(role)));
  return static_cast<int32_t>(held.size());
}

void add_row(pg::RowSet& rows, const std::string& role, const Purpose& purpose, const char* state,
             int32_t granted) {
  rows.add({pg::value(role), pg::value(std::string(purpose.name)), pg::value(std::string(purpose.may)),
            pg::value(state), pg::value(granted)});
}

/// One role with its rights; false: somebody had dropped it. Errors: 42710 another one has its name.
bool drop_role(pg::Spi& spi, const std::string& schema, bool schema_is_there, const std::string& role,
               int32_t& revoked) {
  if (schema_is_there)
    spi.execute("delete from " + quote_qualified(schema, "database_roles") + " where role_name = $1::name",
                {role});
  if (!exists(role)) return false;
  if (!is_ours(spi, role))
    throw Error("42710", fmt::format("role {} is not the one that was made for the marketplace in schema {}",
                                     quote_identifier(role), quote_identifier(schema)))
        .hint("Whoever made it drops or renames it.");
  if (schema_is_there) revoked = revoke_held(spi, schema, role);
  spi.execute("drop role " + quote_identifier(role));
  return true;
}

}  // namespace

std::vector<std::string> marketplace_roles(const std::string& schema) {
  std::map<std::string, std::string> const known = registered_roles(schema);
  std::vector<std::string> names;
  for (Purpose const& purpose : kPurposes)
    if (auto const role = known.find(purpose.name); role != known.end() && exists(role->second))
      names.push_back(role->second);
  return names;
}

void create_marketplace_roles(const std::string& schema, const std::optional<std::string>& prefix,
                              pg::RowSet& rows) {
  (void)require_marketplace(schema);
  if (schema_oid(schema) == InvalidOid)
    throw Error("55000", "the marketplace in schema " + quote_identifier(schema) + " is gone")
        .hint("Roles that it had are dropped by deal_advisor.marketplace_drop_roles.");
  pg::Spi spi;
  lock_marketplace(spi, schema);
  pg::FreshSnapshot const now;
  std::vector<NamedRole> const roles = named_roles(spi, schema, prefix);
  require_may_create(spi, roles);
  for (NamedRole const& role : roles)
    if (!role.found) create_role(spi, schema, role);
  pg::FreshSnapshot const after;
  for (NamedRole const& role : roles) {
    if (role.purpose->application)
      spi.execute(
          "insert into " + quote_qualified(schema, "database_roles") +
              " (role_name, kind) values ($1::name, 'application') on conflict (role_name) do nothing",
          {role.name});
    int32_t const granted = grant_missing(spi, schema, role);
    add_row(rows, role.name, *role.purpose, role.found ? "found" : "created", granted);
  }
}

void drop_marketplace_roles(const std::string& schema, pg::RowSet& rows) {
  bool const schema_is_there = schema_oid(schema) != InvalidOid && find_marketplace(schema);
  if (schema_is_there) (void)require_marketplace(schema);
  pg::Spi spi;
  lock_marketplace(spi, schema);
  pg::FreshSnapshot const now;
  std::map<std::string, std::string> const known = registered_roles(schema);
  if (known.empty())
    throw Error("42704", "no roles were made for a marketplace in schema " + quote_identifier(schema))
        .hint("deal_advisor.marketplace_create_roles makes them.");
  for (Purpose const& purpose : kPurposes) {
    auto const role = known.find(purpose.name);
    if (role == known.end()) continue;
    int32_t revoked = 0;
    bool const dropped = drop_role(spi, schema, schema_is_there, role->second, revoked);
    (void)kRoles.write(
        "delete from deal_advisor.marketplace_role where schema_name = $1::name and purpose = $2",
        {schema, std::string(purpose.name)});
    add_row(rows, role->second, purpose, dropped ? "dropped" : "gone", revoked);
  }
}

}  // namespace deal::server
