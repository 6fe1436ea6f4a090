/// One pass over the listings of a batch: each is locked, compared with what was seen, and updated.
#pragma once

#include "server/marketplace/ingest.hpp"
#include "server/marketplace/ingest_tables.hpp"

namespace deal::server {

/// Observations of one listing: a stretch of the sorted ones.
struct ListingGroup {
  uint32_t first;
  uint32_t count;
};

/// A listing whose price is another one now.
struct MovedListing {
  int64_t listing;
  int64_t product;
  int64_t price;  ///< the new one
};

/// A change of a price, for alerts.
struct RealChange {
  int64_t listing;
  int64_t at;
  int64_t before;
  int64_t after;
};

/// What the passes leave behind.
struct IngestPass {
  std::span<const marketplace::Observation> seen;  ///< sorted by listing and time
  std::vector<ListingGroup> contended;  ///< changed by others since the snapshot, and locked now: once more
  std::vector<int32_t> rest;
  std::vector<marketplace::Observation> points;  ///< by listing and time, in each pass
  std::vector<marketplace::DaySummary> days;
  std::vector<MovedListing> moved;
  std::vector<RealChange> changes;
};

/// Updates the listings of `groups` (in the order of their numbers) as the active snapshot shows them. Not
/// inside pg::call.
void update_listings(IngestTables& tables, int64_t tenant, std::span<const ListingGroup> groups,
                     IngestPass& pass);

}  // namespace deal::server
