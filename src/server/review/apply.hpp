/// Carrying out the fixes of findings.
#pragma once

#include <string>
#include <vector>

#include "server/bridge/arguments.hpp"

namespace deal::server {

/// Runs the fix statements of the findings, in the order given, as the caller. Fixes that may not run in a
/// transaction go through a background worker, each committed on its own; the others run in the caller's
/// transaction. Nothing is run unless the caller owns every object and every finding has a fix.
/// Errors: 42704 unknown fingerprint, 42501 not the owner, 22023 no fix, 25001 in a transaction block when a
/// worker is needed; those of the statements.
void apply_findings(const pg::Arguments& args, const std::vector<std::string>& fingerprints);

}  // namespace deal::server
