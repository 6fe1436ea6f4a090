/// Statements executed with and without indexes, and timed.
#pragma once

#include "server/index/statements.hpp"
#include "server/index/what_if.hpp"

namespace deal::server {

/// How often and how long.
struct RunLimits {
  int runs;            ///< timed executions with the indexes, and as many without
  double run_seconds;  ///< for one execution
};

/// Median times, and why one is missing.
struct RunTimes {
  std::optional<double> ms_before{};
  std::optional<double> ms_after{};
  std::string note{};
};

/// Executes a statement by turns under two index sets that hold nothing hypothetical, each once untimed
/// first. Only a SELECT without parameters, volatile functions and row locks is executed; with its role's
/// rights, read only, security-restricted, in subtransactions that are rolled back; its rows are thrown away.
RunTimes run_times(const PlannableStatement& one, const IndexSet& before, const IndexSet& after,
                   const RunLimits& limits);

}  // namespace deal::server
