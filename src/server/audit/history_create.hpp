/// Making the history table of an audited table, and keeping it up with its columns.
#pragma once

#include "server/audit/log_config.hpp"
#include "server/audit/log_create.hpp"

namespace deal::server {

/// Makes the history table of `table` unless it is there, and adds the columns of `layout` that it lacks or
/// has with another type. Acts as the log's owner.
void ensure_history(const LogPlace& log, const AuditedTable& table, const audit::Layout& layout);

}  // namespace deal::server
