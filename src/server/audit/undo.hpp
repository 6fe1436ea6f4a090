/// Taking back what a transaction did to audited tables.
#pragma once

#include "server/bridge/rows.hpp"

namespace deal::server {

/// Takes a transaction back, in all audited tables whose log the caller may read (option "relation": only
/// these), with the caller's rights, and adds a row for each thing done as type deal_advisor.audit_undone has
/// it. Errors: 42704 no such transaction in a log; DA003 conflicts (nothing is done then); 22023 options; and
/// what the server says to the writes.
void undo_transaction(uint64 transaction, const std::string& options, pg::RowSet& out);

}  // namespace deal::server
