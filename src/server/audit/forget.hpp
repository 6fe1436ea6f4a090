/// Erasing what an audit log keeps of a row.
#pragma once

#include <optional>
#include <string>

#include "core/model/finding.hpp"
#include "server/bridge/call.hpp"

namespace deal::server {

/// What was erased.
struct Erasure {
  int64 events = 0;
  int64 statements = 0;    ///< texts of statements that changed the row
  std::string other_keys;  ///< a JSON array: keys that the same row had before or after
  int64 seal = 0;          ///< the newest seal; 0: none
  std::string digest;      ///< its digest
};

/// Empties the events of a row of an audited table, and the texts of the statements that changed it. `key`: a
/// JSON object of key columns, by today's names, or the value of a single one. What seals cover stays
/// verifiable: the rows' hashes are kept, and sealed in turn. Errors: 42704 not audited; 42501 unless the
/// caller may act as the log's owner; 22023 for another key.
Erasure forget_row(ObjectId relation, const std::string& key, const std::optional<std::string>& reason);

}  // namespace deal::server
