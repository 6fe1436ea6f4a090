// Boundaries and names in every time zone of the system's database: around each change of an offset, and at
// random instants.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/partition/grid.hpp"
#include "core/partition/names.hpp"
#include "partition_literals.hpp"
#include "partition_zones.hpp"

namespace {

using namespace deal::partition;
using deal::test::ZoneTable;

constexpr std::int64_t kYearSeconds = 31'556'952;
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kYear1900 = -100 * kYearSeconds;
constexpr std::int64_t kYear2100 = 100 * kYearSeconds;

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kEvery = 8;  // what is left out here runs without sanitizers
#else
constexpr std::size_t kEvery = 1;
#endif

Grid grid_of(const ZoneTable& zone, const char* step) {
  Grid grid;
  grid.step = parse_step(grid.kind, step);
  grid.zone = deal::test::zone_of(zone);
  grid.anchor = default_anchor(grid.kind, grid.step);
  return grid;
}

// What of a zone can be seen between two instants.
std::vector<std::int64_t> seen_between(const ZoneTable& zone, std::int64_t from, std::int64_t until) {
  const auto first = std::ranges::upper_bound(zone.changes, from) - zone.changes.begin();
  std::vector<std::int64_t> seen{from, zone.offsets[static_cast<std::size_t>(first) - 1]};
  for (auto at = static_cast<std::size_t>(first); at < zone.changes.size() && zone.changes[at] < until; ++at)
    seen.insert(seen.end(), {zone.changes[at], zone.offsets[at]});
  return seen;
}

// Empty, or what is wrong with the partition from `lower`, which no boundary lies in.
std::string wrong_with(const Grid& grid, Position lower, Position upper) {
  if (upper <= lower) return "is empty";
  for (const Position inside : {lower, lower + 1, lower + (upper - lower) / 2, upper - 1}) {
    if (boundary_at(grid, inside) != lower) return "doesn't contain " + boundary_text(grid, inside);
    if (boundary_after(grid, inside) != upper) return "ends elsewhere for " + boundary_text(grid, inside);
  }
  return boundary_after(grid, lower - 1) == lower ? "" : "leaves a gap or overlap before it";
}

std::string described(const Grid& grid, Position lower, const std::string& wrong) {
  return grid.zone.name + ", " + to_string(grid.kind, grid.step) + ": partition from " +
         boundary_text(grid, lower) + " " + wrong;
}

bool all_differ(std::vector<std::size_t>& hashes) {
  std::ranges::sort(hashes);
  return std::ranges::adjacent_find(hashes) == hashes.end();
}

// Walks from boundary to boundary; `look_closely` says at which ones everything is asked both ways.
void check_window(const Grid& grid, Position from, Position until,
                  const std::function<bool(Position)>& look_closely) {
  std::vector<std::size_t> names;
  std::size_t longest = 0;
  for (Position lower = boundary_at(grid, from); lower <= until;) {
    const Position upper = boundary_after(grid, lower);
    const bool close = upper <= lower || look_closely(lower);
    if (const std::string wrong = close ? wrong_with(grid, lower, upper) : ""; !wrong.empty()) {
      ADD_FAILURE() << described(grid, lower, wrong);
      return;
    }
    const std::string name = partition_name("price_history", grid, lower);
    longest = std::max(longest, name.size());
    names.push_back(std::hash<std::string>{}(name));
    lower = upper;
  }
  const std::size_t count = names.size();
  EXPECT_TRUE(all_differ(names)) << described(grid, from, "is followed by two of the same name");
  EXPECT_LE(longest, 63u);
  EXPECT_GE(count, 2u);
}

// Around every change of an offset, 200 steps to either side. Zones that look the same there are the same.
void check_around_changes(const char* step, std::int64_t seconds) {
  std::set<std::vector<std::int64_t>> seen;
  std::size_t windows = 0;
  for (const ZoneTable& zone : deal::test::all_zones()) {
    const Grid grid = grid_of(zone, step);
    for (const std::int64_t change : std::span(zone.changes).subspan(1)) {
      if (windows++ % kEvery != 0) continue;
      const std::int64_t from = change - 200 * seconds;
      const std::int64_t until = change + 200 * seconds;
      if (!seen.insert(seen_between(zone, from - 2 * kDaySeconds, until + 2 * kDaySeconds)).second) continue;
      const auto near_change = [&](Position lower) {
        return std::abs(lower / kSecond - change) <= 4 * seconds;
      };
      check_window(grid, from * kSecond, until * kSecond, near_change);
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(seen.size(), 5'000u / kEvery);
}

// Everything from 1900 to 2100, which for long steps isn't much.
void check_two_centuries(const char* step) {
  std::size_t number = 0;
  for (const ZoneTable* zone : deal::test::distinct_zones()) {
    if (number++ % kEvery != 0) continue;
    const Grid grid = grid_of(*zone, step);
    std::size_t count = 0;
    const auto now_and_then = [&](Position) { return count++ % 31 == 0; };
    check_window(grid, kYear1900 * kSecond, kYear2100 * kSecond, now_and_then);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(number, 300u);
}

TEST(PartitionEveryZone, QuarterHoursAroundChanges) {
  check_around_changes("15 minutes", 900);
}

TEST(PartitionEveryZone, HoursAroundChanges) {
  check_around_changes("1 hour", 3'600);
}

TEST(PartitionEveryZone, SixHoursAroundChanges) {
  check_around_changes("6 hours", 21'600);
}

TEST(PartitionEveryZone, DaysAroundChanges) {
  check_around_changes("1 day", kDaySeconds);
}

TEST(PartitionEveryZone, WeeksOfTwoCenturies) {
  check_two_centuries("7 days");
}

TEST(PartitionEveryZone, MonthsOfTwoCenturies) {
  check_two_centuries("1 month");
}

TEST(PartitionEveryZone, QuartersOfTwoCenturies) {
  check_two_centuries("3 months");
}

TEST(PartitionEveryZone, YearsOfTwoCenturies) {
  check_two_centuries("1 year");
}

// Also anchors that no default gives: the 31st, and a time of day that some changes skip or repeat.
TEST(PartitionEveryZone, RandomInstantsLieInOnePartition) {
  constexpr std::int64_t kThirtyFirst = 30 * kDay;
  constexpr std::int64_t kHalfPastTwo = 150 * 60 * kSecond;
  std::mt19937_64 random(20260301);
  std::uniform_int_distribution<Position> instant(kYear1900 * kSecond, kYear2100 * kSecond);
  std::size_t number = 0;
  for (const ZoneTable* zone : deal::test::distinct_zones()) {
    if (number++ % kEvery != 0) continue;
    for (const char* step :
         {"15 minutes", "1 hour", "6 hours", "1 day", "7 days", "1 month", "3 months", "1 year"}) {
      Grid grid = grid_of(*zone, step);
      for (const std::int64_t anchor : {grid.anchor, kThirtyFirst, kHalfPastTwo}) {
        grid.anchor = anchor;
        for (int i = 0; i < 12; ++i) {
          const Position position = instant(random);
          const Position lower = boundary_at(grid, position);
          ASSERT_LE(lower, position);
          const std::string wrong = wrong_with(grid, lower, boundary_after(grid, position));
          ASSERT_EQ(wrong, "") << described(grid, lower, wrong);
        }
      }
    }
  }
}

TEST(PartitionEveryZone, LiteralsOfBoundariesReadBackAsThem) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<Position> instant(0, kYear2100 * kSecond);
  for (const ZoneTable* zone : deal::test::distinct_zones()) {
    for (const KeyKind kind : {KeyKind::timestamptz, KeyKind::timestamp, KeyKind::date, KeyKind::epoch_s,
                               KeyKind::epoch_ms, KeyKind::epoch_us, KeyKind::uuidv7, KeyKind::ulid}) {
      Grid grid = grid_of(*zone, "1 day");
      grid.kind = kind;
      const Position lower = boundary_at(grid, instant(random));
      const std::string literal = bound_literal(kind, lower);
      ASSERT_EQ(deal::test::position_of_literal(kind, literal), lower) << zone->name << " " << literal;
    }
  }
}

TEST(PartitionEveryZone, ClocksAndInstantsGoTogether) {
  std::mt19937_64 random(11);
  std::uniform_int_distribution<Microseconds> instant(kYear1900 * kSecond, kYear2100 * kSecond);
  for (const ZoneTable* table : deal::test::distinct_zones()) {
    const Zone zone = deal::test::zone_of(*table);
    for (int i = 0; i < 200; ++i) {
      const Microseconds at = instant(random);
      const Microseconds local = to_local(zone, at);
      const Microseconds first = to_instant(zone, local);
      ASSERT_LE(first, at) << table->name << " " << at;
      ASSERT_EQ(to_local(zone, first), local) << table->name << " " << at;
    }
  }
}

// What a skipped or repeated time means, held against the definition: the first instant that shows it or
// later.
TEST(PartitionEveryZone, TheFirstInstantIsFoundAroundEveryChange) {
  std::set<std::vector<std::int64_t>> seen;
  for (const ZoneTable* table : deal::test::distinct_zones()) {
    const Zone zone = deal::test::zone_of(*table);
    for (std::size_t i = 1; i < table->changes.size(); ++i) {
      const std::int64_t change = table->changes[i];
      const std::int64_t before = table->offsets[i - 1];
      const std::int64_t after = table->offsets[i];
      if (!seen.insert({change, before, after}).second) continue;
      const auto expected = [&](std::int64_t local) {
        if (local - before < change) return local - before;
        return std::max(change, local - after);
      };
      for (const std::int64_t shift : {-7'200, -3'600, -1'800, -1, 0, 1, 1'799, 3'600, 5'400}) {
        for (const std::int64_t offset : {before, after}) {
          const std::int64_t local = change + offset + shift;
          ASSERT_EQ(to_instant(zone, local * kSecond), expected(local) * kSecond)
              << table->name << " at " << change << " shift " << shift;
        }
      }
    }
  }
}

}  // namespace
