#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/partition/zone.hpp"

namespace deal::test {

/// The offsets of one zone of the system's database, as a table: fast, and apart from the server's reading of
/// the same files. After 2037 the last offset stays (Debian's files list changes until then).
struct ZoneTable {
  std::string name;
  std::vector<std::int64_t>
      changes;  ///< seconds since 2000-01-01 UTC at which an offset begins; the first is -inf
  std::vector<std::int32_t> offsets;  ///< that begins there
};

/// All zones by name, read once in a process.
const std::vector<ZoneTable>& all_zones();
/// Those of them that differ from each other since 1890: one of each group that only has several names.
std::vector<const ZoneTable*> distinct_zones();

/// A zone that reads the table, which must outlive it.
partition::Zone zone_of(const ZoneTable& table);
/// The zone of that name; fails the test if there is none.
partition::Zone zone_named(const std::string& name);

}  // namespace deal::test
