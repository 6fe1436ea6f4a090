#include "server/audit/dropped_triggers.hpp"

#include <utility>

#include "core/audit/enable.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_trigger.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

/// Plain data in the server's TopTransactionContext.
struct Noted {
  Noted* next;
  Oid relation;
  char* log;
  int32 table;
};

bool watching = false;
Noted* noted = nullptr;
object_access_hook_type next_hook = nullptr;

bool is_ours(Form_pg_trigger trigger) {
  return trigger->tgnargs == 2 && strcmp(NameStr(trigger->tgname), audit::kRowTrigger) == 0 &&
         is_capture_function(trigger->tgfoid);
}

/// The arguments are strings that end with a zero byte each.
void note(Relation catalog, HeapTuple tuple) {
  auto const* const trigger = reinterpret_cast<Form_pg_trigger>(GETSTRUCT(tuple));
  bool null = false;
  Datum const arguments = fastgetattr(tuple, Anum_pg_trigger_tgargs, RelationGetDescr(catalog), &null);
  if (null) return;
  MemoryContext const outer = MemoryContextSwitchTo(TopTransactionContext);
  const char* const log = VARDATA_ANY(DatumGetByteaPP(arguments));
  noted =
      new (palloc(sizeof(Noted))) Noted{noted, trigger->tgrelid, pstrdup(log),
                                        static_cast<int32>(std::strtol(log + strlen(log) + 1, nullptr, 10))};
  MemoryContextSwitchTo(outer);
}

void look_at_trigger(Oid oid) {
  Relation const catalog = table_open(TriggerRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
  SysScanDesc const scan = systable_beginscan(catalog, TriggerOidIndexId, true, nullptr, 1, &key);
  HeapTuple const tuple = systable_getnext(scan);
  if (HeapTupleIsValid(tuple) && is_ours(reinterpret_cast<Form_pg_trigger>(GETSTRUCT(tuple))))
    note(catalog, tuple);
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
}

/// Called by the server before it deletes an object; its errors are the command's.
void on_object_access(ObjectAccessType access, Oid catalog, Oid object, int part, void* argument) {
  if (next_hook != nullptr) next_hook(access, catalog, object, part, argument);
  if (watching && access == OAT_DROP && catalog == TriggerRelationId) look_at_trigger(object);
}

void on_transaction_event(XactEvent event, void*) {
  if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE && event != XACT_EVENT_ABORT) return;
  watching = false;
  noted = nullptr;
}

}  // namespace

void watch_drops() {
  watching = true;
  noted = nullptr;
}

std::vector<DroppedTrigger> take_dropped_triggers() {
  std::vector<DroppedTrigger> dropped;
  for (Noted const* each = std::exchange(noted, nullptr); each != nullptr; each = each->next)
    dropped.push_back({each->relation, {each->log, each->table}});
  return dropped;
}

void install_drop_watch() {
  pg::call([] { RegisterXactCallback(on_transaction_event, nullptr); });
  next_hook = std::exchange(object_access_hook, on_object_access);
}

}  // namespace deal::server
