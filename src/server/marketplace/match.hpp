/// The watches that changes of prices make fire, for match_alerts() of a marketplace. The index on the
/// product tells which watches may fire, so that a row is looked at, and its visibility, only where one does;
/// into those that fire goes what they tell.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/marketplace/alert_rule.hpp"
#include "server/bridge/datum.hpp"

extern "C" {
#include "storage/itemptr.h"
}

namespace deal::server {

struct MatchRequest {
  std::string schema;
  int64_t tenant = 0;
  Datum taken = 0;  ///< tid[]: where in price_changes the changes are
  TimestampTz moment = 0;
};

/// An alert to be made.
struct FiringWatch {
  marketplace::Firing firing;
  marketplace::PriceMove move;
  ItemPointerData place;  ///< the watch's row
  int64_t user = 0;
  Oid kind = InvalidOid;
  int64_t reference = marketplace::no_price;
};

struct FiringWatches {
  std::vector<FiringWatch> told;  ///< in the order of the watches' numbers
  Oid kind_type = InvalidOid;
  Oid currency_type = InvalidOid;
  Oid price_type = InvalidOid;
};

/// Why match_alerts() does it by SQL for the caller; empty: it doesn't.
std::optional<std::string> match_obstacle(const std::string& schema, int64_t tenant);

/// The alerts of some changes; what they tell is written into their watches. Nothing: there is an obstacle,
/// and nothing was done.
std::optional<FiringWatches> match_watches(const MatchRequest& request);

}  // namespace deal::server
