/// Messages to the client that are no errors.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// Sends a WARNING with an optional HINT.
void warning(const std::string& message, const std::string& hint = {});
/// Sends a NOTICE, what is being done, with an optional HINT.
void notice(const std::string& message, const std::string& hint = {});

}  // namespace pg
