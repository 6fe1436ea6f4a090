/// Which products' best prices may have moved.
#pragma once

#include "server/marketplace/ingest_listings.hpp"

namespace deal::server {

/// Locks the products of the listings that moved, in the order of their numbers, and says whose best price
/// may be another one now: the same as refresh_moved_prices() in SQL. Sorts `moved`. Not inside pg::call.
std::vector<int64_t> products_to_refresh(IngestTables& tables, int64_t tenant,
                                         std::vector<MovedListing>& moved);

}  // namespace deal::server
