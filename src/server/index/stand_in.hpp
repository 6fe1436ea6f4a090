/// Values that stand for those that were not exported.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "utils/lsyscache.h"
}

namespace deal::server {

/// A value between two bounds of a histogram.
struct BetweenBounds {
  Datum low;
  Datum high;
  double share;   ///< of the way, 0 to 1
  uint32 number;  ///< of the value: different numbers make different values where the type lets them
  int32 alike;    ///< characters that it shares with the lower bound; if negative, with the upper one
};

/// Such a value of the type (no domain): numbers and times lie in between; texts begin as both bounds do and
/// are told apart by the number; of other types it is the lower bound. In the current memory context. Runs
/// inside pg::call.
Datum between(Oid type, const BetweenBounds& bounds);

/// A value of the type that nothing is known of but its number; null when the type has none to make. As
/// above.
Datum numbered(Oid type, uint32 number, bool* null);

/// What arrays or text search vectors of a column hold.
struct Collection {
  const AttStatsSlot* common;  ///< the common elements and their frequencies
  Oid element;                 ///< their type
  bool words;                  ///< text search vectors
};

/// An array or text search vector of about so many bytes: common elements as often as they are, and others,
/// rarer ones. As above.
Datum collection(const Collection& made_of, uint32 bytes, uint32 number, bool* null);

}  // namespace deal::server
