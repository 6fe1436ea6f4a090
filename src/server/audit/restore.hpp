/// One row as it was.
#pragma once

#include "server/bridge/datum.hpp"

namespace deal::server {

/// Brings one row of an audited table back to its state at a time, as the caller; what was done. `key`:
/// jsonb. Errors: as for reading the table as of then; whatever the server says to the write.
std::string restore_row(Oid relation, const pg::Value& key, int64 at);

}  // namespace deal::server
