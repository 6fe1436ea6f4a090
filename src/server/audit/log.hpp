/// The logs that this session writes to.
#pragma once

#include "server/audit/transaction.hpp"

namespace deal::server {

struct Sink;

/// One audit log: the tables of a schema. Plain data that lives as long as the session.
struct AuditLog {
  AuditLog* next;
  Oid schema;
  Oid config;   ///< audit_table; its owner is the log's
  Oid layouts;  ///< audit_layout
  Sink* events;
  Sink* transactions;
  bool touched;  ///< by this transaction
};

/// The log in schema `schema`, null when it isn't complete. Inside pg::call.
AuditLog* find_log(const char* schema);
/// A row of audit_event, but for the transaction's part.
struct LogEvent {
  int64 row_key;
  int32 layout;
  char op;
  StatementText text;
  const struct varlena* image;  ///< jsonb; null: none
};
/// Stamps an event and adds it to the log. Inside pg::call.
void add_event(AuditLog* log, const LogEvent& event);

/// All that this session has used.
AuditLog* first_log();

}  // namespace deal::server
