/// The databases of the cluster, for a background worker that is connected to none.
#pragma once

#include <vector>

#include "core/base/visit_schedule.hpp"
#include "server/bridge/call.hpp"

namespace pg {

/// All databases that allow connections and are no templates, in a transaction of its own. Needs a background
/// worker that is connected to shared catalogs at least.
std::vector<deal::VisitSchedule::Database> read_databases();

}  // namespace pg
