/// How auditing fares.
#pragma once

#include "server/bridge/rows.hpp"

namespace deal::server {

/// Adds a row of type audit_state for each table that is audited or was: those that the caller may act for,
/// all for members of pg_monitor.
void audit_status(pg::RowSet& rows);

}  // namespace deal::server
