/// The server's own time zones behind the core's interface.
#pragma once

#include <string>

#include "core/partition/zone.hpp"

namespace deal::server {

/// The zone with this name, as the server's library knows it. Errors: 22023 for an unknown one, for an
/// abbreviation and for a POSIX rule (a bare "EST" or "<+02>-2" has no history).
partition::Zone server_zone(const std::string& name);

}  // namespace deal::server
