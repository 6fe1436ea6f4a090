#include "core/partition/grid.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/partition/names.hpp"
#include "partition_grids.hpp"

namespace {

using namespace deal::partition;
using deal::test::day;
using deal::test::grid_of;

// Both boundaries around a position, in the zone.
std::string around(const Grid& grid, Position position) {
  return boundary_text(grid, boundary_at(grid, position)) + " .. " +
         boundary_text(grid, boundary_after(grid, position));
}

TEST(PartitionGrid, Months) {
  EXPECT_EQ(around(grid_of("1 month"), day(2026, 3, 17)), "2026-03-01 00:00:00+00 .. 2026-04-01 00:00:00+00");
  EXPECT_EQ(around(grid_of("3 months"), day(1999, 12, 31)),
            "1999-10-01 00:00:00+00 .. 2000-01-01 00:00:00+00");
  EXPECT_EQ(around(grid_of("1 year"), day(2026, 3, 17)), "2026-01-01 00:00:00+00 .. 2027-01-01 00:00:00+00");
}

TEST(PartitionGrid, ABoundaryBelongsToThePartitionThatBeginsThere) {
  const Grid grid = grid_of("1 month");
  EXPECT_EQ(boundary_at(grid, day(2026, 3, 1)), day(2026, 3, 1));
  EXPECT_EQ(boundary_after(grid, day(2026, 3, 1)), day(2026, 4, 1));
  EXPECT_EQ(boundary_at(grid, day(2026, 3, 1) - 1), day(2026, 2, 1));
  EXPECT_TRUE(is_boundary(grid, day(2026, 3, 1)));
  EXPECT_FALSE(is_boundary(grid, day(2026, 3, 1) + 1));
}

TEST(PartitionGrid, WeeksBeginOnMondays) {
  EXPECT_EQ(around(grid_of("1 week"), day(2026, 3, 1)), "2026-02-23 00:00:00+00 .. 2026-03-02 00:00:00+00");
}

TEST(PartitionGrid, DaysBeginAtLocalMidnight) {
  const Grid grid = grid_of("1 day", "Europe/Berlin");
  EXPECT_EQ(around(grid, day(2026, 3, 29)), "2026-03-29 00:00:00+01 .. 2026-03-30 00:00:00+02");
  EXPECT_EQ(around(grid, day(2026, 10, 25)), "2026-10-25 00:00:00+02 .. 2026-10-26 00:00:00+01");
}

TEST(PartitionGrid, AMidnightThatIsSkippedIsTheJump) {
  EXPECT_EQ(around(grid_of("1 day", "America/Sao_Paulo"), day(2018, 11, 4) + kDay / 2),
            "2018-11-04 01:00:00-02 .. 2018-11-05 00:00:00-02");
}

TEST(PartitionGrid, HoursAreCountedInRealTime) {
  const Grid grid = grid_of("6 hours", "Europe/Berlin");
  EXPECT_EQ(around(grid, day(2026, 3, 28) + kDay * 23 / 24),
            "2026-03-28 19:00:00+01 .. 2026-03-29 01:00:00+01");
  EXPECT_EQ(around(grid, day(2026, 3, 29)), "2026-03-29 01:00:00+01 .. 2026-03-29 08:00:00+02");
}

TEST(PartitionGrid, SkippedDaysMakeNoPartition) {
  const Grid apia = grid_of("1 day", "Pacific/Apia");
  const Position jump = day(2011, 12, 30) + 10 * kDay / 24;
  EXPECT_EQ(boundary_at(apia, jump), jump);
  EXPECT_EQ(boundary_after(apia, jump - 1), jump);
  EXPECT_EQ(around(apia, jump), "2011-12-31 00:00:00+14 .. 2012-01-01 00:00:00+14");
  const Grid kwajalein = grid_of("1 day", "Pacific/Kwajalein");
  EXPECT_EQ(around(kwajalein, day(1993, 8, 21)), "1993-08-20 00:00:00-12 .. 1993-08-22 00:00:00+12");
}

TEST(PartitionGrid, RepeatedDaysMakeOnePartition) {
  // 1867-10-19 15:33:32 became 1867-10-18 15:33:32. The 19th begins where clocks first show it.
  const Grid juneau = grid_of("1 day", "America/Juneau");
  const Position first = boundary_at(juneau, boundary_after(juneau, day(1867, 10, 17)) + kDay + 1);
  EXPECT_EQ(around(juneau, first), "1867-10-19 00:00:00+15:02:19 .. 1867-10-20 00:00:00-08:57:41");
  EXPECT_EQ(boundary_after(juneau, first) - first, 2 * kDay);
}

TEST(PartitionGrid, KeysWithoutAZoneDisregardIt) {
  Grid grid = grid_of(KeyKind::timestamp, "1 day", "Europe/Berlin");
  EXPECT_EQ(boundary_at(grid, day(2026, 7, 1) + 1), day(2026, 7, 1));
  grid.kind = KeyKind::date;
  EXPECT_EQ(boundary_at(grid, day(2026, 7, 1)), day(2026, 7, 1));
}

TEST(PartitionGrid, MonthsFromThe31stDoNotDrift) {
  Grid grid = grid_of("1 month");
  grid.anchor = day(2024, 1, 31);
  std::vector<std::string> found;
  for (Position at = grid.anchor; found.size() < 5; at = boundary_after(grid, at))
    found.push_back(boundary_text(grid, at).substr(0, 10));
  EXPECT_EQ(found,
            (std::vector<std::string>{"2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"}));
  EXPECT_EQ(around(grid, day(2024, 3, 30)), "2024-02-29 00:00:00+00 .. 2024-03-31 00:00:00+00");
}

TEST(PartitionGrid, AnchorsNeedNoMidnight) {
  Grid grid = grid_of("1 day", "Europe/Berlin");
  grid.anchor = 6 * kDay / 24;
  EXPECT_EQ(around(grid, day(2026, 7, 1)), "2026-06-30 06:00:00+02 .. 2026-07-01 06:00:00+02");
}

TEST(PartitionGrid, DefaultAnchors) {
  EXPECT_EQ(default_anchor(KeyKind::timestamptz, {.days = 7}), 2 * kDay);
  EXPECT_EQ(default_anchor(KeyKind::timestamptz, {.days = 14}), 2 * kDay);
  EXPECT_EQ(default_anchor(KeyKind::timestamptz, {.days = 10}), 0);
  EXPECT_EQ(default_anchor(KeyKind::timestamptz, {.months = 7}), 0);
  EXPECT_EQ(default_anchor(KeyKind::integer, {.units = 7}), 0);
}

TEST(PartitionGrid, BoundariesAreValuesOfTheKind) {
  Grid grid = grid_of(KeyKind::epoch_s, "15 minutes");
  grid.anchor = 1;  // no whole second
  const Position lower = boundary_at(grid, day(2026, 3, 1));
  EXPECT_EQ(lower % kSecond, 0);
  EXPECT_EQ(boundary_after(grid, lower - 1), lower);
}

TEST(PartitionGrid, Integers) {
  const Grid grid = grid_of(KeyKind::integer, "1000");
  EXPECT_EQ(boundary_at(grid, 1'999), 1'000);
  EXPECT_EQ(boundary_after(grid, 1'999), 2'000);
  EXPECT_EQ(boundary_at(grid, -1), -1'000);
  EXPECT_EQ(boundary_after(grid, -1'000), 0);
}

TEST(PartitionGrid, IntegersAtTheEndsOfInt64) {
  for (const char* step : {"1", "1000", "9223372036854775807"}) {
    for (const std::int64_t anchor : {kMinimum + 1, std::int64_t{-3}, std::int64_t{0}, kMaximum - 1}) {
      Grid grid = grid_of(KeyKind::integer, step);
      grid.anchor = anchor;
      for (const Position position :
           {kMinimum + 1, kMinimum + 2, Position{-1}, Position{0}, kMaximum - 2, kMaximum - 1}) {
        const Position lower = boundary_at(grid, position);
        const Position upper = boundary_after(grid, position);
        ASSERT_LE(lower, position) << step << " " << anchor;
        ASSERT_GT(upper, position) << step << " " << anchor;
        ASSERT_EQ(boundary_after(grid, lower), upper);
        ASSERT_TRUE(is_boundary(grid, upper));
      }
    }
  }
}

TEST(PartitionGrid, TimesAtTheEndsOfTheServersRange) {
  for (const char* zone : {"UTC", "Pacific/Kiritimati", "America/New_York"}) {
    for (const char* step : {"15 minutes", "1 day", "7 days", "1 month", "100 years"}) {
      const Grid grid = grid_of(step, zone);
      for (const Position position : {kMinimum + 1, kFirstTime - 1, kFirstTime, kFirstTime + 1, kEndTime - 1,
                                      kEndTime, kEndTime + kDay, kMaximum - 1}) {
        const Position lower = boundary_at(grid, position);
        const Position upper = boundary_after(grid, position);
        ASSERT_LE(lower, position) << zone << " " << step;
        ASSERT_GT(upper, position) << zone << " " << step;
        ASSERT_TRUE(lower == kMinimum || (lower >= kFirstTime && lower < kEndTime));
        ASSERT_TRUE(upper == kMaximum || (upper >= kFirstTime && upper < kEndTime));
        ASSERT_EQ(boundary_after(grid, lower), upper);
      }
    }
  }
}

TEST(PartitionGrid, TheEndsAreBoundaries) {
  const Grid grid = grid_of("1 month");
  EXPECT_EQ(boundary_at(grid, kMinimum), kMinimum);
  EXPECT_EQ(boundary_at(grid, kMaximum), kMaximum);
  EXPECT_EQ(boundary_after(grid, kMaximum), kMaximum);
  EXPECT_EQ(boundary_text(grid, boundary_after(grid, kMinimum)), "4714-12-01 00:00:00+00 BC");
  EXPECT_EQ(boundary_after(grid, day(294'276, 12, 1)), kMaximum);
}

TEST(PartitionGrid, IdentifiersBeginWith1970) {
  const Grid grid = grid_of(KeyKind::uuidv7, "1 month", "Europe/Berlin");
  EXPECT_EQ(boundary_at(grid, day(1970, 1, 15)), kMinimum);
  EXPECT_EQ(boundary_text(grid, boundary_after(grid, kMinimum)), "1970-02-01 00:00:00+01");
  EXPECT_EQ(boundary_at(grid, day(200'000, 1, 1)), boundary_at(grid, day(10'889, 8, 2)));
  EXPECT_EQ(boundary_after(grid, day(10'889, 8, 2)), kMaximum);
}

TEST(PartitionGrid, NarrowColumnsEndInMaxvalue) {
  Grid grid = grid_of(KeyKind::integer, "10000");
  grid.column = range_of(KeyKind::integer, 2);
  EXPECT_EQ(boundary_after(grid, 29'999), 30'000);
  EXPECT_EQ(boundary_after(grid, 30'000), kMaximum);
  EXPECT_EQ(boundary_at(grid, 9'000'000'000'000'000'000), 30'000);
  EXPECT_EQ(boundary_at(grid, -30'001), kMinimum);
  EXPECT_EQ(boundary_after(grid, kMinimum), -30'000);
}

TEST(PartitionGrid, CountsWhatCoversAStretch) {
  const Grid grid = grid_of("1 month");
  EXPECT_EQ(partitions_between(grid, day(2026, 1, 1), day(2027, 1, 1)), 12);
  EXPECT_EQ(partitions_between(grid, day(2026, 1, 31), day(2026, 2, 2)), 2);
  EXPECT_EQ(partitions_between(grid, day(2026, 1, 2), day(2026, 1, 3)), 1);
  EXPECT_EQ(partitions_between(grid, day(2026, 1, 1), day(2026, 1, 1)), 0);
  EXPECT_EQ(partitions_between(grid, day(2026, 1, 1), day(2025, 1, 1)), 0);
  EXPECT_EQ(partitions_between(grid, day(294'276, 11, 1), kMaximum), 2);
  EXPECT_EQ(partitions_between(grid, kMinimum, day(-4713, 12, 2)), 2);
}

TEST(PartitionGrid, CountsAllIntegersWithoutOverflow) {
  EXPECT_EQ(partitions_between(grid_of(KeyKind::integer, "1"), kMinimum, kMaximum), kMaximum);
  EXPECT_EQ(partitions_between(grid_of(KeyKind::integer, "10"), 0, kMaximum), 922'337'203'685'477'581);
}

TEST(PartitionGrid, ShiftedBoundariesStayBoundaries) {
  Grid grid = grid_of("1 month");
  grid.anchor = day(2024, 1, 31);
  EXPECT_EQ(shifted(grid, day(2024, 2, 29), 1), day(2024, 3, 31));
  EXPECT_EQ(shifted(grid, day(2024, 3, 31), -1), day(2024, 2, 29));
  EXPECT_EQ(shifted(grid, day(2024, 2, 29), 0), day(2024, 2, 29));
}

TEST(PartitionGrid, OtherPositionsAreShiftedByTheCalendar) {
  const Grid grid = grid_of("1 month");
  EXPECT_EQ(shifted(grid, day(2024, 1, 31), 1), day(2024, 2, 29));
  EXPECT_EQ(shifted(grid, day(2024, 3, 15) + 7, -2), day(2024, 1, 15) + 7);
  EXPECT_EQ(shifted(grid_of(KeyKind::integer, "10"), 13, -3), -17);
}

TEST(PartitionGrid, ShiftingTooFarGivesTheEnds) {
  for (const Position from : {day(2026, 1, 1), day(2026, 1, 1) + 1}) {
    EXPECT_EQ(shifted(grid_of("1 month"), from, kMaximum), kMaximum);
    EXPECT_EQ(shifted(grid_of("1 month"), from, kMinimum), kMinimum);
    EXPECT_EQ(shifted(grid_of("1 day"), from, kMaximum), kMaximum);
    EXPECT_EQ(shifted(grid_of("1 hour"), from, kMinimum), kMinimum);
  }
  EXPECT_EQ(shifted(grid_of(KeyKind::integer, "9223372036854775807"), 5, kMaximum), kMaximum);
  EXPECT_EQ(shifted(grid_of("1 day"), kMinimum, 5), kMinimum);
  EXPECT_EQ(shifted(grid_of("1 day"), kMaximum, -5), kMaximum);
}

TEST(PartitionGrid, SpansAreCountedOnTheZonesCalendar) {
  const Grid grid = grid_of("1 month", "Europe/Berlin");
  const Position noon = day(2026, 3, 30) + kDay * 10 / 24;  // 12:00 in summer time
  EXPECT_EQ(boundary_text(grid, moved_back(grid, noon, {.days = 2})), "2026-03-28 12:00:00+01");
  EXPECT_EQ(boundary_text(grid, moved_back(grid, noon, {.months = 1})), "2026-02-28 12:00:00+01");
  EXPECT_EQ(boundary_text(grid, moved_back(grid, noon, {.units = kDay / 2})), "2026-03-30 00:00:00+02");
  EXPECT_EQ(boundary_text(grid, moved_forward(grid, noon, {.months = 12})), "2027-03-30 12:00:00+02");
}

TEST(PartitionGrid, SpansBeforeAllTimeGiveTheMinimum) {
  const Grid grid = grid_of("1 month");
  EXPECT_EQ(moved_back(grid, day(-4700, 1, 1), {.months = 1'200}), kMinimum);
  EXPECT_EQ(moved_back(grid_of(KeyKind::uuidv7, "1 day"), day(1970, 1, 5), {.days = 10}), kMinimum);
  EXPECT_EQ(moved_back(grid_of(KeyKind::integer, "1"), kMinimum + 5, {.units = 10}), kMinimum);
  EXPECT_EQ(moved_forward(grid, day(294'276, 1, 1), {.months = 12}), kMaximum);
}

TEST(PartitionGrid, FarAwayIsAsFastAsNear) {
  // Not a matter of time: the zone counts how often it is asked.
  long asked = 0;
  Grid grid = grid_of("1 day");
  grid.zone = {"Counting", [&](std::int64_t) -> std::int32_t {
                 ++asked;
                 return 3'600;
               }};
  for (const Position position :
       {day(2026, 1, 1), day(-4000, 1, 1), day(290'000, 1, 1), kMinimum + 1, kMaximum - 1})
    boundary_after(grid, position);
  EXPECT_LT(asked, 100);
}

TEST(PartitionGrid, RandomIntegersLieInOnePartition) {
  std::mt19937_64 random(5);
  std::uniform_int_distribution<std::int64_t> any(kMinimum + 1, kMaximum - 1);
  for (int i = 0; i < 20'000; ++i) {
    Grid grid = grid_of(KeyKind::integer, "1");
    grid.step.units = std::max<std::int64_t>(1, (any(random) & kMaximum) >> (i % 63));
    grid.anchor = any(random);
    const Position position = any(random);
    const Position lower = boundary_at(grid, position);
    const Position upper = boundary_after(grid, position);
    ASSERT_LE(lower, position);
    ASSERT_GT(upper, position);
    ASSERT_EQ(boundary_at(grid, upper == kMaximum ? kMaximum - 1 : upper - 1), lower);
    ASSERT_EQ(boundary_after(grid, lower), upper);
  }
}

}  // namespace
