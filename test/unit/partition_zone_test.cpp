#include "core/partition/zone.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/partition/calendar.hpp"
#include "partition_zones.hpp"

namespace {

using namespace deal::partition;
using deal::test::zone_named;

constexpr Microseconds kMinute = 60 * kSecond;
constexpr Microseconds kHour = 60 * kMinute;

Microseconds at(std::int64_t year, int month, int day, int hours = 0, int minutes = 0) {
  return days_of({year, month, day}) * kDay + hours * kHour + minutes * kMinute;
}

TEST(PartitionZone, UtcShowsTheInstant) {
  EXPECT_EQ(to_local(utc(), at(2026, 3, 1, 12)), at(2026, 3, 1, 12));
  EXPECT_EQ(to_instant(utc(), at(2026, 3, 1, 12)), at(2026, 3, 1, 12));
}

TEST(PartitionZone, SummerAndWinterTime) {
  const Zone berlin = zone_named("Europe/Berlin");
  EXPECT_EQ(to_local(berlin, at(2026, 1, 15, 12)), at(2026, 1, 15, 13));
  EXPECT_EQ(to_local(berlin, at(2026, 7, 15, 12)), at(2026, 7, 15, 14));
  EXPECT_EQ(to_instant(berlin, at(2026, 7, 15)), at(2026, 7, 14, 22));
}

TEST(PartitionZone, SkippedHourIsTheInstantOfTheJump) {
  const Zone berlin = zone_named("Europe/Berlin");
  const Microseconds jump = at(2026, 3, 29, 1);
  EXPECT_EQ(to_instant(berlin, at(2026, 3, 29, 1, 59)), jump - kMinute);
  EXPECT_EQ(to_instant(berlin, at(2026, 3, 29, 2)), jump);
  EXPECT_EQ(to_instant(berlin, at(2026, 3, 29, 2, 30) + 1), jump);
  EXPECT_EQ(to_instant(berlin, at(2026, 3, 29, 3)), jump);
  EXPECT_EQ(to_instant(berlin, at(2026, 3, 29, 3) + 1), jump + 1);
}

TEST(PartitionZone, RepeatedHourIsTheFirstOfTheTwo) {
  const Zone berlin = zone_named("Europe/Berlin");
  EXPECT_EQ(to_instant(berlin, at(2026, 10, 25, 2)), at(2026, 10, 25, 0));
  EXPECT_EQ(to_instant(berlin, at(2026, 10, 25, 2, 59)), at(2026, 10, 25, 0, 59));
  EXPECT_EQ(to_instant(berlin, at(2026, 10, 25, 3) - 1), at(2026, 10, 25, 1) - 1);
  EXPECT_EQ(to_instant(berlin, at(2026, 10, 25, 3)), at(2026, 10, 25, 2));
}

TEST(PartitionZone, SkippedDay) {
  const Zone apia = zone_named("Pacific/Apia");  // 2011-12-30 never was
  const Microseconds jump = at(2011, 12, 30, 10);
  EXPECT_EQ(to_instant(apia, at(2011, 12, 29, 23, 59)), jump - kMinute);
  EXPECT_EQ(to_instant(apia, at(2011, 12, 30)), jump);
  EXPECT_EQ(to_instant(apia, at(2011, 12, 30, 17)), jump);
  EXPECT_EQ(to_instant(apia, at(2011, 12, 31)), jump);
  EXPECT_EQ(to_instant(apia, at(2011, 12, 31, 1)), jump + kHour);
}

TEST(PartitionZone, RepeatedDay) {
  const Zone juneau = zone_named("America/Juneau");  // Alaska was sold: from +15:02:19 to -8:57:41
  const Microseconds local = at(1867, 10, 19, 12);
  const Microseconds first = to_instant(juneau, local);
  EXPECT_EQ(to_local(juneau, first), local);
  EXPECT_EQ(to_local(juneau, first + kDay), local);
}

TEST(PartitionZone, LocalMeanTimeHasSeconds) {
  const Zone new_york = zone_named("America/New_York");
  EXPECT_EQ(to_local(new_york, at(1870, 1, 1, 12)), at(1870, 1, 1, 7, 3) + 58 * kSecond);
  EXPECT_EQ(to_instant(new_york, at(1870, 1, 1)), at(1870, 1, 1, 4, 56) + 2 * kSecond);
}

TEST(PartitionZone, FractionsOfASecondStay) {
  const Zone berlin = zone_named("Europe/Berlin");
  EXPECT_EQ(to_instant(berlin, at(1990, 1, 1) - 1), at(1989, 12, 31, 23) - 1);
  EXPECT_EQ(to_local(berlin, at(1989, 12, 31, 23) - 1), at(1990, 1, 1) - 1);
}

TEST(PartitionZone, BeyondTheServersRangeAreTheEnds) {
  using Ends = std::numeric_limits<Microseconds>;
  const Zone berlin = zone_named("Europe/Berlin");
  EXPECT_EQ(to_instant(berlin, Ends::max()), Ends::max());
  EXPECT_EQ(to_instant(berlin, Ends::min()), Ends::min());
  EXPECT_EQ(to_local(berlin, Ends::max()), Ends::max());
  EXPECT_EQ(to_local(zone_named("America/New_York"), Ends::min()), Ends::min());
}

TEST(PartitionZone, ALaterLocalTimeNeverGivesAnEarlierInstant) {
  // Skips more than a day away from noon, and then gets it back.
  const Zone wild{"Wild",
                  [](std::int64_t seconds) { return seconds < 0 || seconds > 400'000 ? -43'000 : 43'000; }};
  Microseconds before = to_instant(wild, -10 * kDay);
  for (Microseconds local = -10 * kDay; local < 15 * kDay; local += 7 * kMinute) {
    const Microseconds instant = to_instant(wild, local);
    ASSERT_GE(instant, before);
    ASSERT_GE(to_local(wild, instant), local);
    before = instant;
  }
}

TEST(PartitionZone, OffsetsAreAskedForTheServersRangeOnly) {
  std::int64_t least = 0;
  std::int64_t greatest = 0;
  const Zone watched{"Watched", [&](std::int64_t seconds) {
                       least = std::min(least, seconds);
                       greatest = std::max(greatest, seconds);
                       return 3'600;
                     }};
  for (const Microseconds edge : {kFirstTime, kEndTime}) {
    for (const Microseconds by : {-kDay, -kHour, kHour, kDay}) {
      to_local(watched, edge + by);
      to_instant(watched, edge + by);
    }
  }
  EXPECT_EQ(least, kFirstTime / kSecond);
  EXPECT_EQ(greatest, kEndTime / kSecond - 1);
}

TEST(PartitionZone, NoZoneChangesTwiceWithinTwoDays) {
  for (const auto& zone : deal::test::all_zones()) {
    for (std::size_t i = 2; i < zone.changes.size(); ++i)
      ASSERT_GT(zone.changes[i] - zone.changes[i - 1], 2 * 86'400) << zone.name;
  }
}

}  // namespace
