#include "server/bridge/database_list.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "utils/rel.h"
}

namespace pg {

namespace {

constexpr int32_t kInvalidDatabase = -2;  // datconnlimit of one whose DROP DATABASE was cut off

struct Row {
  Oid oid;
  NameData name;
  Row* next;
};

bool may_be_visited(const FormData_pg_database& row) {
  return row.datallowconn && !row.datistemplate && row.datconnlimit != kInvalidDatabase;
}

/// A list in the memory context that is current at the call.
Row* read_rows() {
  MemoryContext const context = CurrentMemoryContext;
  StartTransactionCommand();
  Relation const relation = table_open(DatabaseRelationId, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(relation, InvalidOid, false, nullptr, 0, nullptr);
  Row* list = nullptr;
  for (HeapTuple tuple = systable_getnext(scan); HeapTupleIsValid(tuple); tuple = systable_getnext(scan)) {
    auto const* const form = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
    if (!may_be_visited(*form)) continue;
    auto* const row = static_cast<Row*>(MemoryContextAlloc(context, sizeof(Row)));
    *row = {form->oid, form->datname, list};
    list = row;
  }
  systable_endscan(scan);
  table_close(relation, AccessShareLock);
  CommitTransactionCommand();
  return list;
}

}  // namespace

std::vector<deal::VisitSchedule::Database> read_databases() {
  std::vector<deal::VisitSchedule::Database> databases;
  for (const Row* row = call([] { return read_rows(); }); row != nullptr; row = row->next)
    databases.push_back({row->oid, NameStr(row->name)});
  return databases;
}

}  // namespace pg
