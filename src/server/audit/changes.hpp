/// What changed in an audited table between two times.
#pragma once

#include "server/bridge/rows.hpp"

namespace deal::server {

struct ChangesRequest {
  Oid relation = InvalidOid;
  int64 from = 0;  ///< a time, as the server counts; inclusive
  int64 to = 0;    ///< exclusive
  std::string options = "{}";
};

/// Adds a row for each change in the order of commits, as type deal_advisor.audit_change has it. Errors:
/// 22023 times or options; 42704 not audited; 42501.
void table_changes(const ChangesRequest& request, pg::RowSet& out);

}  // namespace deal::server
