/// The logs that this session writes to.
#pragma once

#include "server/bridge/call.hpp"

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
/// All that this session has used.
AuditLog* first_log();

}  // namespace deal::server
