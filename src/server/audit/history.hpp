/// The versions of one row.
#pragma once

#include "server/bridge/rows.hpp"

namespace deal::server {

/// Adds a row for each recorded change of one row of a table, oldest first, as type
/// deal_advisor.audit_version has it. `key`: jsonb. Errors: 22023 key or options; 42704 not audited; 42501.
void row_history(Oid relation, const pg::Value& key, const std::string& options, pg::RowSet& out);

}  // namespace deal::server
