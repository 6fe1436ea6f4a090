#include "server/audit/log_rights.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
}

namespace deal::server {

namespace {

constexpr const char* kGrants = "audit_grant";

bool has_select(const LogSource& source) {
  return pg::call([&] {
    if (pg_class_aclcheck(source.relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK) return true;
    if (source.columns->any_dropped()) return false;  // nobody can have a right on those
    for (int slot = 0; slot < source.columns->count(); ++slot) {
      auto const number = static_cast<AttrNumber>(source.columns->at(slot).number);
      if (!source.recorded[static_cast<size_t>(slot)]) continue;
      if (pg_attribute_aclcheck(source.relation, number, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
        return false;
    }
    return true;
  });
}

/// The log's table of grants, if it is there and the log owner's.
Oid grants_table(const LogSource& source) {
  Oid const table = pg::call([&] {
    Oid const schema = get_namespace_oid(source.log.c_str(), true);
    return schema == InvalidOid ? InvalidOid : get_relname_relid(kGrants, schema);
  });
  return table != InvalidOid && pg::relation_owner(table) == source.log_owner ? table : InvalidOid;
}

bool is_granted(const LogSource& source) {
  if (grants_table(source) == InvalidOid) return false;
  std::vector<Oid> roles;
  {
    pg::AsRole const as_owner(source.log_owner);
    pg::Spi spi;
    pg::SqlResult const rows = spi.query(
        fmt::format("select r.oid from {} g join pg_catalog.pg_roles r on r.rolname = g.role_name where "
                    "g.table_id = $1::integer",
                    log_relation(source, kGrants)),
        {std::to_string(source.table.table)});
    for (size_t row = 0; row < rows.size(); ++row)
      roles.push_back(rows.oid(row, 0));
  }
  for (Oid const role : roles)
    if (pg::call([&] { return has_privs_of_role(GetUserId(), role); })) return true;
  return false;
}

/// The log of a table of the caller's, and the name of a role that there is.
LogSource source_of_owner(Oid relation, const std::string& role) {
  LogSource source = pg::rolled_back([&] { return open_log_source(relation); });
  bool const owns = pg::call([&] { return has_privs_of_role(GetUserId(), source.owner); });
  if (!owns)
    throw Error("42501", "must be owner of table " + source.name)
        .hint("Its owner says who may read its log in spite of row security.");
  if (pg::role_oid(role) == InvalidOid)
    throw Error("42704", "role " + quote_identifier(role) + " does not exist");
  return source;
}

/// Writes as the log's owner; the number of rows.
int64_t write_grants(const LogSource& source, const std::string& sql,
                     std::initializer_list<pg::Cell> parameters) {
  pg::AsRole const as_owner(source.log_owner);
  pg::Spi spi;
  return spi.execute(sql, parameters);
}

}  // namespace

bool is_row_secured(const LogSource& source) {
  return pg::call([&] { return check_enable_rls(source.relation, InvalidOid, true) == RLS_ENABLED; });
}

bool may_read(const LogSource& source) {
  return has_select(source) && (!is_row_secured(source) || is_granted(source));
}

void require_reader(const LogSource& source) {
  std::string const role = quote_identifier(pg::role_name(pg::current_role()));
  if (!has_select(source))
    throw Error("42501", "permission denied for the audit log of " + source.name)
        .hint(fmt::format("grant select on {} to {};", source.name, role));
  if (is_row_secured(source) && !is_granted(source))
    throw Error("42501", "row security hides rows of " + source.name + ", but not of its audit log")
        .hint(fmt::format("Its owner may allow it: select deal_advisor.audit_grant_read({}, {});",
                          quote_literal(source.name), quote_literal(pg::role_name(pg::current_role()))));
}

std::string grant_read(Oid relation, const std::string& role) {
  LogSource const source = source_of_owner(relation, role);
  std::string const table = log_relation(source, kGrants);
  if (grants_table(source) == InvalidOid) {
    write_grants(
        source,
        fmt::format("create table {} (table_id integer not null, role_name name not null, primary key "
                    "(table_id, role_name))",
                    table),
        {});
    write_grants(source,
                 fmt::format("comment on table {} is 'Roles that may read the log of a table although row "
                             "security hides rows of it from them. Written by audit_grant_read.'",
                             table),
                 {});
  }
  pg::FreshSnapshot const fresh;
  int64_t const added = write_grants(
      source, fmt::format("insert into {} values ($1::integer, $2::name) on conflict do nothing", table),
      {std::to_string(source.table.table), role});
  return fmt::format("{} {} read the audit log of {}", quote_identifier(role),
                     added > 0 ? "may now" : "already may", source.name);
}

std::string revoke_read(Oid relation, const std::string& role) {
  LogSource const source = source_of_owner(relation, role);
  int64_t removed = 0;
  if (grants_table(source) != InvalidOid)
    removed = write_grants(source,
                           fmt::format("delete from {} where table_id = $1::integer and role_name = $2::name",
                                       log_relation(source, kGrants)),
                           {std::to_string(source.table.table), role});
  return fmt::format("{} {} read the audit log of {}", quote_identifier(role),
                     removed > 0 ? "may no longer" : "could not", source.name);
}

}  // namespace deal::server
