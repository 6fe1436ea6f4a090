#include "server/bridge/member_table.hpp"

#include "server/bridge/role.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace pg {

namespace {

/// A field of the row with this OID; InvalidOid when there is none.
template <class Form>
Oid field_of(int cache, Oid oid, Oid Form::*field) {
  return call([&] {
    HeapTuple const tuple = SearchSysCache1(cache, ObjectIdGetDatum(oid));
    if (!HeapTupleIsValid(tuple)) return InvalidOid;
    Oid const value = reinterpret_cast<Form*>(GETSTRUCT(tuple))->*field;
    ReleaseSysCache(tuple);
    return value;
  });
}

}  // namespace

Oid relation_owner(Oid relation) {
  return field_of(RELOID, relation, &FormData_pg_class::relowner);
}

Oid schema_owner(Oid schema) {
  return field_of(NAMESPACEOID, schema, &FormData_pg_namespace::nspowner);
}

Oid database_owner() {
  return field_of(DATABASEOID, MyDatabaseId, &FormData_pg_database::datdba);
}

bool owns_database() {
  Oid const owner = database_owner();
  return call([&] { return has_privs_of_role(GetUserId(), owner); });
}

Oid MemberTable::owner() const {
  return relation_owner(
      call([&] { return get_relname_relid(name_, get_namespace_oid("deal_advisor", false)); }));
}

int64_t MemberTable::write(const char* sql, std::initializer_list<Cell> parameters) const {
  AsRole const as_owner(owner());
  Spi spi;
  return spi.execute(sql, parameters);
}

SqlResult MemberTable::read(const char* sql, std::initializer_list<Cell> parameters) const {
  AsRole const as_owner(owner());
  Spi spi;
  return spi.query(sql, parameters);
}

}  // namespace pg
