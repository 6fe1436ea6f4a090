#include "core/report/capability.hpp"

#include <array>
#include <utility>

namespace deal::report {

std::string_view capability_of(std::string_view function) {
  using Entry = std::pair<std::string_view, std::string_view>;
  // The first word of a function's name is its capability, but for these; a longer prefix stands first.
  static constexpr std::array<Entry, 23> kPrefixes{{
      {"schema_diff", "orm"},
      {"schema_", "report"},
      {"report", "report"},
      {"findings", "review"},
      {"table_bloat", "review"},
      {"rls_", "review"},
      {"index_", "index"},
      {"query_", "query"},
      {"explain_", "query"},
      {"workload", "query"},
      {"metrics_", "metrics"},
      {"migration_", "migration"},
      {"batch_", "migration"},
      {"partition_", "partition"},
      {"audit_", "audit"},
      {"stamp", "audit"},
      {"soft_delete", "audit"},
      {"orm_", "orm"},
      {"marketplace_", "marketplace"},
      {"deal_", "marketplace"},
      {"prior_", "marketplace"},
      {"help", "general"},
      {"build_info", "general"},
  }};
  for (auto const& [prefix, capability] : kPrefixes)
    if (function.starts_with(prefix)) return capability;
  return "general";
}

}  // namespace deal::report
