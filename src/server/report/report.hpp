/// Collects what the report is written from.
#pragma once

#include <string>
#include <vector>

namespace deal::server {

/// The report on the schemas (none: all that the caller may see), as 'text' or 'markdown'. `options` is JSON:
/// max_items, budget, time_limit, min_stats_age. Asks index_advice as the caller; when that fails the report
/// says why instead. Errors: 22023 for an unknown format or option; those of findings().
std::string write_report(const std::string& format, const std::vector<std::string>& schemas,
                         const std::string& options);

}  // namespace deal::server
