/// Recording many prices without the executor: what record_prices() in SQL does, for most callers and tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/marketplace/price_batch.hpp"
#include "server/bridge/datum.hpp"

namespace deal::server {

/// A call of record_prices(), after its checks.
struct IngestRequest {
  std::string schema;
  int64_t tenant = 0;
  std::string source;  ///< one of price_source
  std::vector<marketplace::Observation> observations;
};

/// What became of it.
struct IngestResult {
  int64_t stored = 0;         ///< points that the history got
  std::vector<int32_t> rest;  ///< positions, from 0, of observations that are left to SQL
};

/// The observations in the arrays of a call; nothing if one of them is such that SQL must refuse it: then it
/// says why.
std::optional<std::vector<marketplace::Observation>> observations_of(Datum listings, Datum times,
                                                                     Datum prices, Datum list_prices);

/// Why prices of a marketplace are not written directly, for this caller and tenant; nothing: they are. Takes
/// the locks of a write on its tables.
std::optional<std::string> ingest_obstacle(const std::string& schema, int64_t tenant);

/// Records prices; nothing: there is an obstacle, and nothing was done. Locks listings in the order of their
/// numbers, then products. Left to SQL are listings with late observations, and those that don't exist, are
/// deleted, or whose new points have no partition; they are locked in their turn. Errors: 22003 a day's sum
/// grows too large; 40001 somebody writes price_daily without locking the listing; those of the tables'
/// unique indexes.
std::optional<IngestResult> record_prices(IngestRequest& request);

}  // namespace deal::server
