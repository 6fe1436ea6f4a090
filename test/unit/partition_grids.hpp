#pragma once

#include <cstdint>
#include <string>

#include "core/partition/calendar.hpp"
#include "core/partition/grid.hpp"
#include "partition_zones.hpp"

namespace deal::test {

/// The grid that partition_enable would make of a step in a zone.
inline partition::Grid grid_of(partition::KeyKind kind, const char* step, const std::string& zone = "UTC") {
  partition::Grid grid;
  grid.kind = kind;
  grid.step = partition::parse_step(kind, step);
  if (zone != "UTC") grid.zone = zone_named(zone);
  grid.anchor = partition::default_anchor(kind, grid.step);
  return grid;
}

/// The same for times with a zone.
inline partition::Grid grid_of(const char* step, const std::string& zone = "UTC") {
  return grid_of(partition::KeyKind::timestamptz, step, zone);
}

/// Midnight of a day in UTC.
inline partition::Position day(std::int64_t year, int month, int day_of_month) {
  return partition::days_of({year, month, day_of_month}) * partition::kDay;
}

}  // namespace deal::test
