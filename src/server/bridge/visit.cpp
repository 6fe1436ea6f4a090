#include "server/bridge/visit.hpp"

#include "server/bridge/own_settings.hpp"
#include "server/bridge/top_level.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "nodes/parsenodes.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
}

namespace pg {

namespace {

struct NamedValue {
  const char* name;
  const char* value;
};

/// What the owner of a database may set for it (ALTER DATABASE ... SET) and what must not decide how or
/// whether a superuser's maintenance runs there. lock_timeout bounds the waits of statements in the worker
/// for concurrent statements; elsewhere each set has its own.
constexpr NamedValue kFixed[] = {
    {"application_name", "deal_advisor maintenance"},
    {"search_path", "pg_catalog, pg_temp"},
    {"default_transaction_read_only", "off"},
    {"default_transaction_deferrable", "off"},
    {"default_transaction_isolation", "read committed"},
    {"lock_timeout", "30s"},
    {"statement_timeout", "0"},
    {"idle_in_transaction_session_timeout", "0"},
#if PG_VERSION_NUM >= 170000
    {"transaction_timeout", "0"},
#endif
    {"row_security", "on"},
    {"standard_conforming_strings", "on"},
    {"transform_null_equals", "off"},
    {"array_nulls", "on"},
    {"DateStyle", "ISO, YMD"},
    {"IntervalStyle", "postgres"},
    {"default_tablespace", ""},
    {"default_table_access_method", "heap"},
};

VisitReport* attach(Datum argument) {
  dsm_segment* const segment = dsm_attach(DatumGetUInt32(argument));
  if (segment == nullptr)
    fail_in_call(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "could not map the shared memory of a visit");
  auto* const report = static_cast<VisitReport*>(dsm_segment_address(segment));
  if (report->magic != VisitReport::kMagic)
    fail_in_call(ERRCODE_DATA_CORRUPTED, "shared memory of a visit is not ours");
  return report;
}

bool extension_exists(const char* name) {
  StartTransactionCommand();
  bool const exists = get_extension_oid(name, true) != InvalidOid;
  CommitTransactionCommand();
  return exists;
}

/// A superuser is about to call what the name stands for: after DROP EXTENSION another role may have made a
/// procedure of that name, but never one in C. Looked up by the OID that will be called.
void require_procedure_in_c(const Query& query) {
  auto const* const call = reinterpret_cast<const CallStmt*>(query.utilityStmt);
  if (query.commandType != CMD_UTILITY || !IsA(call, CallStmt))
    fail_in_call(ERRCODE_INTERNAL_ERROR, "a visit runs one CALL");
  HeapTuple const tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcexpr->funcid));
  if (!HeapTupleIsValid(tuple)) fail_in_call(ERRCODE_UNDEFINED_FUNCTION, "the procedure of a visit is gone");
  Oid const language = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->prolang;
  ReleaseSysCache(tuple);
  if (language != ClanguageId)
    fail_in_call(ERRCODE_INSUFFICIENT_PRIVILEGE, "the procedure of a visit is not the extension's");
}

/// Connects as the bootstrap superuser; each set is then maintained as its table's owner.
void connect(VisitReport& report) {
  BackgroundWorkerInitializeConnectionByOid(report.database, InvalidOid, 0);
  report.repeat_s = maintenance_repeat_s();
  report.connected = true;
  for (auto const& [name, value] : kFixed)
    SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

void warn(const ErrorData& error) {
  MemoryContextSwitchTo(TopMemoryContext);
  ereport(WARNING, (errcode(error.sqlerrcode),
                    errmsg("scheduled maintenance of database %u failed: %s", MyDatabaseId, error.message),
                    error.detail != nullptr ? errdetail_internal("%s", error.detail) : 0,
                    error.hint != nullptr ? errhint("%s", error.hint) : 0));
}

}  // namespace

void visit_main(Datum argument, const Visit& visit) {
  VisitReport* const report = call([&] {
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    return attach(argument);
  });
  try {
    call([&] {
      connect(*report);
      if (report->repeat_s == 0 || !extension_exists(visit.extension)) return;
      run_top_level(visit.statement, require_procedure_in_c);
    });
  } catch (const ServerError& error) {
    call([&] { warn(error.data()); });  // our transaction ends with the process
  }
}

}  // namespace pg
