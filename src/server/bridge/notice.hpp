/// Messages to the client that are no errors.
#pragma once

#include <string>

#include "server/bridge/call.hpp"

namespace pg {

/// A WARNING: something the caller should look at. Empty parts are left out.
void warn(const std::string& message, const std::string& detail = {}, const std::string& hint = {});
/// A NOTICE: progress, and what was done.
void notice(const std::string& message);

}  // namespace pg
