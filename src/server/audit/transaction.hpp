/// The transaction that changes audited tables: who runs it, in which contexts, and the rows about it that
/// are written just before it commits.
#pragma once

#include <optional>
#include <string>

#include "server/bridge/call.hpp"

extern "C" {
#include "access/transam.h"
}

namespace deal::server {

struct AuditLog;

/// False when what the application claims about itself has changed since it was read; read_own_claims then
/// reads it. Cheap enough for every row.
bool claims_are_current();
/// Reads the claims (deal_advisor.audit_context and the token's). Not inside pg::call.
void read_own_claims();

/// What the log keeps of the statement's text.
enum class StatementText : unsigned char {
  none,
  whole,
  without_literals  ///< the table has columns whose values must not be logged
};

/// The text of the client's statement without its constants, cut; nothing where there is none. Not inside
/// pg::call.
std::optional<std::string> client_statement();

/// What an event carries of its transaction.
struct EventStamp {
  FullTransactionId transaction;
  int32 sequence;  ///< from 1
  int16 context;   ///< its row of audit_tx
};
/// Stamps the next event; `log` will get the transaction's rows. Inside pg::call.
EventStamp stamp_event(AuditLog* log, StatementText text);

/// Installs the callbacks and hooks that write batches at the end of statements and transactions. Once, when
/// the module is loaded.
void install_audit_hooks();

/// Writes what this transaction has collected so far, for who reads the log. Not inside pg::call.
void flush_audit();

}  // namespace deal::server
