/// Values that stand for those that were not exported.
#pragma once

#include "server/bridge/pg.hpp"

namespace deal::server {

/// A value between two bounds of a histogram.
struct BetweenBounds {
  Datum low;
  Datum high;
  double share;   ///< of the way, 0 to 1
  uint32 number;  ///< of the value: different numbers make different values where the type lets them
};

/// Such a value of the type (no domain): numbers and times lie in between; texts begin as both bounds do and
/// are told apart by the number; of other types it is the lower bound. In the current memory context. Runs
/// inside pg::call.
Datum between(Oid type, const BetweenBounds& bounds);

/// A value of the type that nothing is known of but its number; null when the type has none to make. As
/// above.
Datum numbered(Oid type, uint32 number, bool* null);

}  // namespace deal::server
