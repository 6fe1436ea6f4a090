/// Reading how tables are partitioned into the model.
#pragma once

#include "core/model/catalog.hpp"
#include "server/bridge/spi.hpp"
#include "server/catalog/facts.hpp"

namespace deal::server {

/// Adds the partition keys of the model's tables, their partitions with bounds, who has rights on those, and
/// the configured sets of `schemas` with how their maintenance went. The tables must be there. Takes no lock
/// on user relations: bounds are read from the catalog's own trees. Sets that can't be read leave a reason in
/// Catalog::partition_sets_unknown.
void read_partitions(pg::Spi& spi, const Schemas& schemas, Catalog& catalog);

}  // namespace deal::server
