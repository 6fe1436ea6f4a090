/// Audit triggers that a command drops, noted while the catalog still has them.
#pragma once

#include <vector>

#include "server/audit/log_place.hpp"

namespace deal::server {

struct DroppedTrigger {
  Oid relation = InvalidOid;
  TriggerArguments table;
};

/// From now on, until the end of the transaction, dropped row triggers of ours are noted; what was noted
/// before is forgotten.
void watch_drops();
/// What has been noted since; nothing is left.
std::vector<DroppedTrigger> take_dropped_triggers();

/// Installs the hook. Once, when the module is loaded.
void install_drop_watch();

}  // namespace deal::server
