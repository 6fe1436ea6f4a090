/// Reading the configured partition sets into the model.
#pragma once

#include "core/model/catalog.hpp"
#include "server/bridge/spi.hpp"
#include "server/catalog/facts.hpp"

namespace deal::server {

/// Adds the sets of the schemas that are seen, where each should stand now, and how its maintenance went; of
/// keys whose type doesn't say that they count time (epochs, uuid, text) the bounds of the set's table get
/// their positions. The bounds must be there; their order is the caller's. Errors: XX001 for a row that can't
/// be read.
void read_partition_sets(pg::Spi& spi, const Schemas& schemas, Catalog& catalog);

}  // namespace deal::server
