/// The audited tables that a transaction changed, with its events.
#pragma once

#include <memory>

#include "core/audit/undo.hpp"
#include "server/audit/event_log.hpp"

namespace deal::server {

/// A row that the transaction changed.
struct UndoRow {
  int table = 0;
  std::string_view identity;
  std::span<const audit::Field> key;  ///< fields that have the key columns
  int64 row_key = 0;
  audit::Op last = audit::Op::insert;  ///< of its events
  audit::CommitOrder order;            ///< of that event
  int there = 0;                       ///< how many are there now; with a key one or none
  int added = 0;                       ///< by the transaction, less what it took out
  std::string conflict;                ///< why it can't just be taken back; empty: it can
};

/// A table that the transaction changed.
struct UndoTable {
  LogSource source;
  std::unique_ptr<EventLog> log;  ///< the transaction's events
};

/// All of them.
struct UndoScope {
  std::vector<UndoTable> tables;
  std::vector<UndoRow> rows;
  std::vector<audit::UndoEvent> events;
  std::vector<const LoggedEvent*> logged;  ///< as events
  std::vector<std::vector<int>> shapes;    ///< by the events' shape: the slots that an update changed
  int hidden_tables = 0;                   ///< left out: the caller may not read their log
};

/// Reads them. `only`: these tables; empty: all. Images live in `keep`.
UndoScope read_undo_scope(uint64 transaction, const std::vector<Oid>& only, MemoryContext keep);

/// Finds the rows' conflicts: changed by a later transaction. The rows must be locked already.
void find_later_changes(UndoScope& scope, uint64 transaction, MemoryContext keep);

}  // namespace deal::server
