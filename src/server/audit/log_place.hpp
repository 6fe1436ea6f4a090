/// Who may act on an audit log itself.
#pragma once

#include "server/audit/log_create.hpp"

namespace deal::server {

/// The log in a schema, for a caller that acts as its owner. Errors: 42704 no log there; 42501 the caller may
/// not act as the log's owner.
LogPlace require_log(const std::string& schema);

/// All logs that the caller may act for.
std::vector<LogPlace> own_logs();

}  // namespace deal::server
