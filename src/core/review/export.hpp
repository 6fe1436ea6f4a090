/// Findings in the formats of other tools.
#pragma once

#include <string>
#include <vector>

#include "core/model/finding.hpp"

namespace deal::review {

/// The findings as one document. Formats: json (an array of objects with the SQL type's names), markdown (a
/// table), sarif (2.1.0, for code scanning), junit (XML, for test reports: open findings fail, skipped checks
/// are skipped). Throws Error 22023 for another format.
std::string export_findings(const std::vector<Finding>& findings, const std::string& format);

}  // namespace deal::review
