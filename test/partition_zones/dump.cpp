// What the core makes of every time zone of the system's database: for test/tap/partition_zones.pl, which
// asks the module the same. One line for each stretch of time around a change of an offset, and for long
// ones:
//
//   zone, step, since, until (seconds since 1970), then each partition's lower bound=name; separated by tabs
//   and blanks
#include <cstdio>
#include <string>

#include "core/partition/grid.hpp"
#include "core/partition/names.hpp"
#include "partition_zones.hpp"

namespace {

using namespace deal::partition;
using deal::test::ZoneTable;

constexpr std::int64_t kUnixSeconds2000 = 946'684'800;
constexpr std::int64_t kYear1840 = -4'102'444'800 - kUnixSeconds2000;
constexpr std::int64_t kYear1970 = -kUnixSeconds2000;
constexpr std::int64_t kYear2038 = 2'145'916'800 - kUnixSeconds2000;  // the files list no change after that

struct StepText {
  const char* text;
  std::int64_t seconds;  ///< its length for kShort, since when for kLong
};

constexpr StepText kShort[] = {
    {"15 minutes", 900}, {"1 hour", 3'600}, {"6 hours", 21'600}, {"1 day", 86'400}};
constexpr StepText kLong[] = {{"1 month", kYear1970}, {"3 months", kYear1840}, {"1 year", kYear1840}};

Grid grid_of(const ZoneTable& zone, const char* step) {
  Grid grid;
  grid.step = parse_step(grid.kind, step);
  grid.zone = deal::test::zone_of(zone);
  grid.anchor = default_anchor(grid.kind, grid.step);
  return grid;
}

void print(const Grid& grid, const char* step, std::int64_t since, std::int64_t until) {
  std::printf("%s\t%s\t%lld\t%lld\t", grid.zone.name.c_str(), step,
              static_cast<long long>(since + kUnixSeconds2000),
              static_cast<long long>(until + kUnixSeconds2000));
  const char* separator = "";
  for (Position lower = boundary_at(grid, since * kSecond); lower < until * kSecond;
       lower = boundary_after(grid, lower)) {
    std::printf("%s%lld=%s", separator, static_cast<long long>(lower / kSecond + kUnixSeconds2000),
                partition_name("t", grid, lower).c_str());
    separator = " ";
  }
  std::puts("");
}

void print_around_changes(const ZoneTable& zone, const StepText& step) {
  const Grid grid = grid_of(zone, step.text);
  for (std::size_t i = 1; i < zone.changes.size() && zone.changes[i] < kYear2038; ++i)
    print(grid, step.text, zone.changes[i] - 2 * step.seconds, zone.changes[i] + 3 * step.seconds);
}

}  // namespace

int main() {
  for (const ZoneTable& zone : deal::test::all_zones()) {
    for (const StepText& step : kShort)
      print_around_changes(zone, step);
    for (const StepText& step : kLong)
      print(grid_of(zone, step.text), step.text, step.seconds, kYear2038);
  }
}
