#include "partition_zones.hpp"

#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <stdexcept>

namespace deal::test {

namespace {

using std::chrono::seconds;

constexpr std::int64_t kUnixSeconds2000 = 946'684'800;

date::sys_seconds instant(std::int64_t seconds_since_2000) {
  return date::sys_seconds(seconds(seconds_since_2000 + kUnixSeconds2000));
}

// From one change to the next, until the last one that the files know.
ZoneTable read(const date::time_zone& zone) {
  constexpr std::int64_t kYear1700 = -300 * std::int64_t{31'556'952};
  constexpr std::int64_t kYear2200 = 200 * std::int64_t{31'556'952};
  ZoneTable table;
  table.name = zone.name();
  for (std::int64_t at = kYear1700; at < kYear2200;) {
    const date::sys_info info = zone.get_info(instant(at));
    const auto offset = static_cast<std::int32_t>(info.offset.count());
    if (table.offsets.empty() || table.offsets.back() != offset) {
      table.changes.push_back(table.offsets.empty() ? std::numeric_limits<std::int64_t>::min() : at);
      table.offsets.push_back(offset);
    }
    const std::int64_t end = info.end.time_since_epoch().count();
    if (end > kYear2200 + kUnixSeconds2000) break;
    at = std::max(at + 1, end - kUnixSeconds2000);
  }
  return table;
}

}  // namespace

const std::vector<ZoneTable>& all_zones() {
  static const std::vector<ZoneTable> zones = [] {
    std::vector<ZoneTable> tables;
    for (const date::time_zone& zone : date::get_tzdb().zones)
      tables.push_back(read(zone));
    std::ranges::sort(tables, {}, &ZoneTable::name);
    return tables;
  }();
  return zones;
}

std::vector<const ZoneTable*> distinct_zones() {
  constexpr std::int64_t kYear1890 = -110 * std::int64_t{31'556'952};
  std::set<std::vector<std::int64_t>> seen;
  std::vector<const ZoneTable*> chosen;
  for (const ZoneTable& table : all_zones()) {
    std::vector<std::int64_t> key;
    for (std::size_t i = 0; i < table.changes.size(); ++i) {
      const bool last_of_before = i + 1 < table.changes.size() && table.changes[i + 1] < kYear1890;
      if (!last_of_before) key.insert(key.end(), {std::max(table.changes[i], kYear1890), table.offsets[i]});
    }
    if (seen.insert(std::move(key)).second) chosen.push_back(&table);
  }
  return chosen;
}

partition::Zone zone_of(const ZoneTable& table) {
  // Most questions are about the same stretch as the one before.
  return {table.name, [&table, last = std::size_t{0}](std::int64_t at) mutable {
            const bool same = table.changes[last] <= at &&
                              (last + 1 == table.changes.size() || at < table.changes[last + 1]);
            if (!same) {
              const auto next = std::ranges::upper_bound(table.changes, at);
              last = static_cast<std::size_t>(next - table.changes.begin()) - 1;
            }
            return table.offsets[last];
          }};
}

partition::Zone zone_named(const std::string& name) {
  for (const ZoneTable& table : all_zones()) {
    if (table.name == name) return zone_of(table);
  }
  throw std::runtime_error("no time zone " + name);
}

}  // namespace deal::test
