/// One row that somebody asks for by its key.
#pragma once

#include "server/audit/row_identity.hpp"
#include "server/bridge/cursor.hpp"

namespace deal::server {

/// A row's key in all forms in which it is looked up.
struct RowProbe {
  std::string identity;           ///< as identity_text gives it
  std::vector<int64> row_keys;    ///< under which the log may have it: more than one after ALTER TYPE
  ImageFields image{nullptr, 0};  ///< the key columns as the log has them
  std::vector<pg::Parameter>
      values;  ///< of the key columns, as they are typed now; empty: the whole row is the key
};

/// Reads a key: {"id": 5}, or for a key of one column also 5; without a key all recorded columns of the row.
/// Allocates in `keep`; acts as the table's owner where types bring code. Errors: 22023 missing or unknown
/// columns; what a type says to a value that it can't read.
RowProbe probe_row(const LogSource& source, const pg::Value& key, MemoryContext keep);

}  // namespace deal::server
