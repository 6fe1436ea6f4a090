/// The price of scanning a GIN index whose figures come from the size model.
#pragma once

#include "server/index/hypothetical.hpp"

struct IndexPath;
struct PlannerInfo;

namespace deal::server {

/// What an access method's cost function answers.
struct IndexPrice {
  double startup;
  double total;
  double selectivity;
  double pages;  ///< read, for the share of parallel workers
};

/// Prices a path over a GIN index by the server's own rules (selfuncs.c; PostgreSQL 16 added CPU costs), with
/// no pending list. Calls the opclass's extractQuery on constants, as the server does. Runs inside the
/// planner.
IndexPrice price_gin(PlannerInfo* root, IndexPath* path, double loops, const GinPages& figures);

}  // namespace deal::server
