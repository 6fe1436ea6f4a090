/// The gate: findings as one verdict.
#pragma once

#include <string>
#include <vector>

#include "core/model/finding.hpp"

namespace deal::review {

/// SQLSTATE of a gate that does not open; class DA is this extension's own.
inline constexpr const char* kGateClosed = "DA001";

/// Throws Error DA001 when an open finding has this severity or more, or when a check was skipped and
/// `fail_on_skipped` is set; DETAIL lists them. Accepted findings pass.
void gate(const std::vector<Finding>& findings, Severity severity, bool fail_on_skipped);

/// One line per skipped check: what was not looked at, and why. Empty when everything ran.
std::string skipped_checks(const std::vector<Finding>& findings);

}  // namespace deal::review
