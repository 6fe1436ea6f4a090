#include "server/bridge/data_table.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "utils/lsyscache.h"
}

namespace pg {

namespace {

constexpr const char* kSchema = "deal_advisor_data";

Oid schema_oid() {
  return call([] { return get_namespace_oid(kSchema, true); });
}

Oid table_oid(const DataTable& table) {
  Oid const schema = schema_oid();
  if (schema == InvalidOid) return InvalidOid;
  return call([&] { return get_relname_relid(table.name, schema); });
}

void refuse_stranger(const std::string& what, Oid owner, Oid wanted) {
  if (owner == wanted) return;
  throw deal::Error("42501",
                    what + " belongs to role \"" + role_name(owner) + "\", not to the database's owner")
      .detail("Another role may have made it to read or change what is written there.")
      .hint("Drop it, or give it to \"" + role_name(wanted) + "\" with ALTER ... OWNER TO.");
}

/// True if the table is there; refuses what another role made.
bool is_made(const DataTable& table, Oid owner) {
  Oid const schema = schema_oid();
  if (schema != InvalidOid) refuse_stranger(fmt::format("schema {}", kSchema), schema_owner(schema), owner);
  Oid const there = table_oid(table);
  if (there == InvalidOid) return false;
  refuse_stranger(fmt::format("table {}.{}", kSchema, table.name), relation_owner(there), owner);
  return true;
}

}  // namespace

void make_data_table(const DataTable& table) {
  Oid const owner = database_owner();
  if (is_made(table, owner)) return;
  AsRole const as_owner(owner);
  {
    Spi spi;  // whoever comes second waits, and then finds it made
    spi.execute(fmt::format("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('{}'))", kSchema));
  }
  if (is_made(table, owner)) return;
  Oid const schema = schema_oid();
  Spi spi;
  if (schema == InvalidOid) {
    spi.execute(fmt::format("create schema {}", kSchema));
    spi.execute(
        fmt::format("comment on schema {} is 'State of deal_advisor that is no member of the extension: logs "
                    "and progress. "
                    "Drop it and that is lost, nothing else.'",
                    kSchema));
  }
  spi.execute(fmt::format("create table {}.{} ({})", kSchema, table.name, table.definition));
}

bool data_table_exists(const DataTable& table) {
  Oid const there = table_oid(table);
  return there != InvalidOid && relation_owner(there) == database_owner();
}

int64_t write_data(const std::string& sql, std::initializer_list<Cell> parameters) {
  AsRole const as_owner(database_owner());
  Spi spi;
  return spi.execute(sql, parameters);
}

SqlResult read_data(const std::string& sql, std::initializer_list<Cell> parameters) {
  AsRole const as_owner(database_owner());
  Spi spi;
  return spi.query(sql, parameters);
}

}  // namespace pg
