#pragma once

#include <string>
#include <string_view>

#include "core/partition/grid.hpp"

namespace deal::partition {

/// The name of the partition of `table` that begins at `lower`: table_p20260301 (steps of days and more),
/// table_p20260301_14 (whole hours), table_p20260301_1430 (shorter), table_p1000000 (integers; _pm5 for -5),
/// table_pmin (MINVALUE), table_pbc00440315 before the year 1. Local time of the zone; a bound that isn't on
/// the grid has its time of day as well. When the clocks show that time twice, the second one ends in the
/// offset (…_01w05 for UTC-5, …_01e0530), so that no two partitions of a grid share a name. At most 63 bytes:
/// a long table name is cut at a whole character and ends in a hash of the whole name.
std::string partition_name(std::string_view table, const Grid& grid, Position lower);

/// table_default, cut in the same way.
std::string default_name(std::string_view table);

/// A boundary for people, in the set's zone: "2026-03-01 00:00:00+01", "2026-03-01" (dates), "1000000",
/// "MINVALUE".
std::string boundary_text(const Grid& grid, Position position);

}  // namespace deal::partition
