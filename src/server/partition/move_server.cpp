#include "server/partition/move_server.hpp"

#include "server/bridge/call.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_constraint.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

void mark_valid(Relation catalog, Oid constraint) {
  HeapTuple const found = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
  if (!HeapTupleIsValid(found)) return;
  HeapTuple const tuple = heap_copytuple(found);
  reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple))->convalidated = true;
  CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
  ReleaseSysCache(found);
}

[[maybe_unused]] void set_identity(Relation catalog, Oid relation, const FormData_pg_attribute& column) {
  HeapTuple const tuple = SearchSysCacheCopyAttName(relation, NameStr(column.attname));
  if (!HeapTupleIsValid(tuple)) return;
  reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple))->attidentity = column.attidentity;
  CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
}

}  // namespace

void share_identity([[maybe_unused]] ObjectId parent, [[maybe_unused]] ObjectId leaf) {
#if PG_VERSION_NUM >= 170000
  pg::call([&] {
    Relation const above = table_open(parent, NoLock);
    Relation const catalog = table_open(AttributeRelationId, RowExclusiveLock);
    TupleDesc const columns = RelationGetDescr(above);
    for (int i = 0; i < columns->natts; ++i) {
      const FormData_pg_attribute& column = *TupleDescAttr(columns, i);
      if (!column.attisdropped && column.attidentity != '\0') set_identity(catalog, leaf, column);
    }
    table_close(catalog, NoLock);
    table_close(above, NoLock);
    CommandCounterIncrement();
  });
#endif
}

void mark_foreign_keys_valid(ObjectId relation, const std::vector<std::string>& names) {
  for (auto const& name : names) {
    pg::call([&] {
      Oid const constraint = get_relation_constraint_oid(relation, name.c_str(), false);
      Relation const catalog = table_open(ConstraintRelationId, RowExclusiveLock);
      mark_valid(catalog, constraint);
      table_close(catalog, NoLock);
      CacheInvalidateRelcacheByRelid(relation);
      CommandCounterIncrement();
    });
  }
}

std::uint32_t writing_transaction() {
  return pg::call([] { return GetCurrentTransactionId(); });
}

bool is_hidden_from_others(std::uint32_t transaction) {
  return pg::call([&] {
    int count = 0;
    VirtualTransactionId* const holders = GetCurrentVirtualXIDs(
        transaction, true, false, PROC_IS_AUTOVACUUM | PROC_IN_VACUUM | PROC_IN_SAFE_IC, &count);
    pfree(holders);
    return count > 0;
  });
}

void examine_lock_waits_early() {
  pg::call([] {
    (void)set_config_option("deadlock_timeout", "10ms", PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0,
                            false);
  });
}

}  // namespace deal::server
