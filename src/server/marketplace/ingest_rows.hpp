/// Writing what the passes over the listings have found: points of the history, and days. Not inside
/// pg::call.
#pragma once

#include "server/marketplace/ingest_tables.hpp"

namespace deal::server {

/// Inserts points, each of which has a partition. `source`: the value of price_source.
void write_points(IngestTables& tables, int64_t tenant, Oid source,
                  std::span<const marketplace::Observation> points);

/// Adds days to price_daily, in the order of the listings, which are locked. Sees what the active snapshot
/// shows. Errors: 22003 a sum grows too large; 40001 somebody has changed the day without locking the
/// listing.
void write_days(IngestTables& tables, int64_t tenant, std::span<const marketplace::DaySummary> days);

}  // namespace deal::server
