/// partition_advice: what the catalogs, statistics and the workload say of large tables.
#pragma once

#include <string>
#include <vector>

#include "core/partition/advice.hpp"

namespace deal::server {

/// What the caller asks for.
struct PartitionAdviceRequest {
  std::vector<std::string> schemas;  ///< empty: all that the caller may see
  partition::AdviceOptions options;
  bool use_workload = true;
  int64_t time_limit_ms = 30'000;  ///< for planning the workload; statements beyond are left out
};

/// The proposals, and what they rest on.
struct PartitionAdvice {
  std::vector<partition::AdviceTable> tables;  ///< what the rows point to
  std::vector<partition::AdviceRow> rows;      ///< the most useful first
  std::string workload_unknown;                ///< why no workload was looked at; empty: it was
  int statements = 0;                          ///< of the workload that were planned
  double skipped_time_pct = 0;                 ///< of its time that could not be
};

/// Reads with the caller's rights: statistics of columns only where he may read them, statements as their
/// roles. Takes no lock that outlives the call. Errors: as read_catalog for schemas.
PartitionAdvice partition_advice(const PartitionAdviceRequest& request);

}  // namespace deal::server
