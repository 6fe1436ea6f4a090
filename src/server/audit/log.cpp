#include "server/audit/log.hpp"

#include "core/audit/log_schema.hpp"
#include "server/audit/sink.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "utils/inet.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/xid8.h"
}

namespace deal::server {

namespace {

constexpr Oid kEventTypes[] = {TIMESTAMPTZOID, XID8OID, INT8OID, INT4OID,
                               INT4OID,        INT2OID, CHAROID, JSONBOID};
constexpr Oid kTransactionTypes[] = {TIMESTAMPTZOID, XID8OID, INT2OID, INT2OID, TIMESTAMPTZOID,
                                     INT8OID,        NAMEOID, NAMEOID, TEXTOID, JSONBOID,
                                     INETOID,        TEXTOID, TEXTOID};

AuditLog* all_logs = nullptr;

TupleDesc shape_of(const Oid* types, int count) {
  TupleDesc const shape = CreateTemplateTupleDesc(count);
  for (int i = 0; i < count; ++i)
    TupleDescInitEntry(shape, static_cast<AttrNumber>(i + 1), nullptr, types[i], -1, 0);
  return shape;
}

template <size_t N>
Sink* sink_of(Oid schema, const char* table, const char* overflow, const Oid (&types)[N]) {
  Oid const parent = get_relname_relid(table, schema);
  if (parent == InvalidOid) return nullptr;
  return find_sink(parent, get_relname_relid(overflow, schema), shape_of(types, N));
}

AuditLog* remembered(Oid schema) {
  AuditLog* log = all_logs;
  while (log != nullptr && log->schema != schema)
    log = log->next;
  if (log != nullptr) return log;
  log = static_cast<AuditLog*>(MemoryContextAllocZero(TopMemoryContext, sizeof(AuditLog)));
  log->schema = schema;
  log->next = all_logs;
  all_logs = log;
  return log;
}

}  // namespace

AuditLog* find_log(const char* schema_name) {
  Oid const schema = get_namespace_oid(schema_name, true);
  if (schema == InvalidOid) return nullptr;
  Sink* const events = sink_of(schema, audit::kEvents, audit::kOverflow, kEventTypes);
  Sink* const transactions =
      sink_of(schema, audit::kTransactions, audit::kTransactionOverflow, kTransactionTypes);
  Oid const config = get_relname_relid(audit::kTables, schema);
  Oid const layouts = get_relname_relid(audit::kLayouts, schema);
  if (events == nullptr || transactions == nullptr || config == InvalidOid || layouts == InvalidOid)
    return nullptr;
  AuditLog* const log = remembered(schema);
  log->events = events;
  log->transactions = transactions;
  log->config = config;
  log->layouts = layouts;
  return log;
}

void add_event(AuditLog* log, const LogEvent& event) {
  EventStamp const stamp = stamp_event(log, event.text);
  Datum const values[] = {TimestampTzGetDatum(batch_time(log->events)),
                          FullTransactionIdGetDatum(stamp.transaction),
                          Int64GetDatum(event.row_key),
                          Int32GetDatum(stamp.sequence),
                          Int32GetDatum(event.layout),
                          Int16GetDatum(stamp.context),
                          CharGetDatum(event.op),
                          PointerGetDatum(event.image)};
  bool const nulls[] = {false, false, false, false, false, false, false, event.image == nullptr};
  add_to_sink(log->events, values, nulls);
}

AuditLog* first_log() {
  return all_logs;
}

}  // namespace deal::server
