/// AFTER triggers of several statements as if these were one.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// Collects what the statements of a scope (AfterTriggers::later) leave to AFTER triggers, foreign keys among
/// them. `fire` runs it all. A scope that is left without is one that an error left: the (sub)transaction's
/// abort cleans up. Begin it in the subtransaction in which the statements run.
class LaterTriggers {
 public:
  LaterTriggers();
  LaterTriggers(const LaterTriggers&) = delete;
  LaterTriggers& operator=(const LaterTriggers&) = delete;
  /// Once, at the end.
  void fire() const;
};

}  // namespace pg
