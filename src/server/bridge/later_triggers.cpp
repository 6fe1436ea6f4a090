#include "server/bridge/later_triggers.hpp"

extern "C" {
#include "commands/trigger.h"
}

namespace pg {

LaterTriggers::LaterTriggers() {
  call([] { AfterTriggerBeginQuery(); });
}

void LaterTriggers::fire() const {
  call([] { AfterTriggerEndQuery(nullptr); });
}

}  // namespace pg
