#include "server/partition/present.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace deal::server {

namespace {

/// The greatest key of one partition; nothing if it is empty.
std::optional<partition::Position> greatest_key(const PlannedSet& planned, const partition::Partition& leaf) {
  pg::Spi spi;
  pg::SqlResult const row =
      spi.query(fmt::format("select pg_catalog.max({}) from only {}", quote_identifier(planned.table.column),
                            quote_qualified(leaf.schema, leaf.name)));
  if (row.is_null(0, 0)) return std::nullopt;
  return row.int8(0, 0);
}

void read_greatest_key(PlannedSet& planned) {
  planned.situation.any_rows = false;
  pg::AsRole const owner(planned.stored.owner);
  auto const& partitions = planned.table.partitions;
  for (auto found = partitions.rbegin(); found != partitions.rend(); ++found) {
    partition::Partition const& leaf = *found;
    if (leaf.is_default || leaf.detaching || leaf.foreign) continue;
    if (auto const key = greatest_key(planned, leaf)) {
      planned.situation.now = *key;
      planned.situation.any_rows = true;
      return;
    }
  }
}

}  // namespace

void read_present(PlannedSet& planned) {
  if (partition::is_time(planned.stored.set.grid.kind))
    planned.situation.now = GetCurrentTimestamp();
  else
    read_greatest_key(planned);
}

}  // namespace deal::server
