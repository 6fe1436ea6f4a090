/// Which statements of a workload the planner takes, and what is lost with the others.
#pragma once

#include "core/model/workload.hpp"

namespace deal::server {

/// What became of one statement of a workload.
struct StatementStatus {
  bool planned = false;
  std::string reason;        ///< why it is skipped; for a planned one what was assumed; may be empty
  double share_of_time = 0;  ///< of the whole workload's time, 0 to 1; of its calls when no times are known
};

/// Plans every statement once, as its role, in a subtransaction that is rolled back; one status per
/// statement, in order. Nothing is executed.
std::vector<StatementStatus> statuses_of(const Workload& workload);

}  // namespace deal::server
