/// Who may read an audit log.
#pragma once

#include "server/audit/log_source.hpp"

namespace deal::server {

/// Throws 42501 unless the current role may read the log of the table: it needs SELECT on the table, or on
/// all columns that the log has; where row security would hide rows from it, the owner's audit_grant_read as
/// well.
void require_reader(const LogSource& source);
/// The same as a question.
bool may_read(const LogSource& source);
/// True if row security applies to the current role (who may read all the same: audit_grant_read).
bool is_row_secured(const LogSource& source);

/// Lets a role read the log although row security hides rows of the table from it; or no longer. What was
/// done. Errors: 42501 unless the caller owns the table; 42704 no such role, or not audited.
std::string grant_read(Oid relation, const std::string& role);
std::string revoke_read(Oid relation, const std::string& role);

}  // namespace deal::server
