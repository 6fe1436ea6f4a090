/// An audited table, or one row of it, as it was at a time.
#pragma once

#include "server/bridge/datum.hpp"
#include "server/bridge/rows.hpp"

namespace deal::server {

/// What is asked for.
struct AsOfRequest {
  Oid relation = InvalidOid;
  int64 at = 0;   ///< a time, as the server counts
  pg::Value key;  ///< jsonb; NULL: all rows
  std::string options = "{}";
};

/// Adds the rows in the table's own type. Errors: 22023 time or key; DA002 what the log doesn't know; 42501;
/// 42704; that of a type which can't read an old value.
void as_of_typed(const AsOfRequest& request, pg::RowSet& out);
/// Adds the rows as jsonb, with the columns of then under their names of then.
void as_of_json(const AsOfRequest& request, pg::RowSet& out);

}  // namespace deal::server
