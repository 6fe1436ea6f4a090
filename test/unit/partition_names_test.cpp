#include "core/partition/names.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "partition_grids.hpp"

namespace {

using namespace deal::partition;
using deal::test::day;
using deal::test::grid_of;

constexpr Microseconds kHour = 3'600 * kSecond;

std::string name(const Grid& grid, Position lower) {
  return partition_name("t", grid, lower);
}

TEST(PartitionNames, DaysAndMoreAreNamedByTheDate) {
  for (const char* step : {"1 day", "7 days", "1 month", "3 months", "1 year"})
    EXPECT_EQ(name(grid_of(step), day(2024, 1, 1)), "t_p20240101") << step;
  EXPECT_EQ(name(grid_of("1 month"), day(2026, 3, 1)), "t_p20260301");
}

TEST(PartitionNames, TheDateIsThatOfTheZone) {
  const Grid tokyo = grid_of("1 month", "Asia/Tokyo");
  EXPECT_EQ(name(tokyo, boundary_at(tokyo, day(2026, 3, 1))), "t_p20260301");
}

TEST(PartitionNames, HoursHaveTheHour) {
  EXPECT_EQ(name(grid_of("1 hour"), day(2026, 3, 1) + 14 * kHour), "t_p20260301_14");
  EXPECT_EQ(name(grid_of("6 hours"), day(2026, 3, 1)), "t_p20260301_00");
  EXPECT_EQ(name(grid_of("1 hour", "Asia/Kolkata"), day(2026, 3, 1)), "t_p20260301_0530");
}

TEST(PartitionNames, MinutesHaveHourAndMinute) {
  EXPECT_EQ(name(grid_of("15 minutes"), day(2026, 3, 1) + 14 * kHour), "t_p20260301_1400");
  EXPECT_EQ(name(grid_of("15 minutes"), day(2026, 3, 1) + 14 * kHour + kHour / 2), "t_p20260301_1430");
}

TEST(PartitionNames, LocalMeanTimeHasSeconds) {
  EXPECT_EQ(name(grid_of("1 hour", "America/New_York"), day(1870, 1, 1)), "t_p18691231_190358");
}

TEST(PartitionNames, AnHourThatComesTwiceHasItsOffsetTheSecondTime) {
  const Grid berlin = grid_of("1 hour", "Europe/Berlin");
  const Position first = day(2026, 10, 25);
  EXPECT_EQ(name(berlin, first), "t_p20261025_02");
  EXPECT_EQ(name(berlin, first + kHour), "t_p20261025_02e01");
  EXPECT_EQ(name(berlin, first + 2 * kHour), "t_p20261025_03");
  const Grid new_york = grid_of("1 hour", "America/New_York");
  EXPECT_EQ(name(new_york, day(2026, 11, 1) + 5 * kHour), "t_p20261101_01");
  EXPECT_EQ(name(new_york, day(2026, 11, 1) + 6 * kHour), "t_p20261101_01w05");
}

TEST(PartitionNames, OffsetsOfHalfHoursHaveMinutes) {
  const Grid lord_howe = grid_of("15 minutes", "Australia/Lord_Howe");  // 02:00 +11 becomes 01:30 +10:30
  EXPECT_EQ(name(lord_howe, day(2026, 4, 4) + 14 * kHour + kHour / 2), "t_p20260405_0130");
  EXPECT_EQ(name(lord_howe, day(2026, 4, 4) + 15 * kHour), "t_p20260405_0130e1030");
}

TEST(PartitionNames, AMidnightThatIsSkippedIsStillTheDate) {
  const Grid sao_paulo = grid_of("1 day", "America/Sao_Paulo");
  EXPECT_EQ(name(sao_paulo, boundary_at(sao_paulo, day(2018, 11, 4) + 12 * kHour)), "t_p20181104");
}

TEST(PartitionNames, ADayThatIsSkippedHasNoName) {
  const Grid apia = grid_of("1 day", "Pacific/Apia");
  const Position jump = day(2011, 12, 30) + 10 * kHour;
  EXPECT_EQ(name(apia, boundary_at(apia, jump - 1)), "t_p20111229");
  EXPECT_EQ(name(apia, jump), "t_p20111231");
}

TEST(PartitionNames, BoundsOffTheGridHaveTheirTime) {
  EXPECT_EQ(name(grid_of("1 month"), day(2026, 3, 17) + 14 * kHour), "t_p20260317_14");
  EXPECT_EQ(name(grid_of("1 month"), day(2026, 3, 17) + 14 * kHour + 60 * kSecond), "t_p20260317_1401");
  EXPECT_EQ(name(grid_of("1 month"), day(2026, 3, 17)), "t_p20260317");
}

TEST(PartitionNames, AnchorsThatAreNoMidnightDoNotShow) {
  Grid grid = grid_of("1 day");
  grid.anchor = 6 * kHour;
  EXPECT_EQ(name(grid, day(2026, 3, 1) + 6 * kHour), "t_p20260301");
  EXPECT_EQ(name(grid, day(2026, 3, 1)), "t_p20260301_00");
}

TEST(PartitionNames, Integers) {
  EXPECT_EQ(name(grid_of(KeyKind::integer, "1000"), 1'000'000), "t_p1000000");
  EXPECT_EQ(name(grid_of(KeyKind::integer, "1000"), 0), "t_p0");
  EXPECT_EQ(name(grid_of(KeyKind::integer, "5"), -5), "t_pm5");
  EXPECT_EQ(name(grid_of(KeyKind::integer, "5"), kMinimum + 1), "t_pm9223372036854775807");
}

TEST(PartitionNames, WithoutALowerBound) {
  EXPECT_EQ(name(grid_of("1 day"), kMinimum), "t_pmin");
  EXPECT_EQ(name(grid_of(KeyKind::integer, "1"), kMinimum), "t_pmin");
}

TEST(PartitionNames, YearsThatHaveNotFourDigits) {
  EXPECT_EQ(name(grid_of("1 month"), day(800, 12, 1)), "t_p08001201");
  EXPECT_EQ(name(grid_of("1 month"), day(12'345, 6, 1)), "t_p123450601");
  EXPECT_EQ(name(grid_of("1 month"), day(-43, 3, 1)), "t_pbc00440301");
}

TEST(PartitionNames, LongTableNamesAreCutAndHashed) {
  const std::string table(63, 'x');
  const Grid grid = grid_of("1 day");
  const std::string made = partition_name(table, grid, day(2026, 3, 1));
  EXPECT_EQ(made.size(), 63u);
  EXPECT_TRUE(made.starts_with(table.substr(0, 44) + "_"));
  EXPECT_TRUE(made.ends_with("_p20260301"));
}

TEST(PartitionNames, LongTableNamesStayDifferent) {
  const std::string table(62, 'x');
  const Grid grid = grid_of("1 day");
  EXPECT_NE(partition_name(table + 'a', grid, 0), partition_name(table + 'b', grid, 0));
  EXPECT_NE(default_name(table + 'a'), default_name(table + 'b'));
}

TEST(PartitionNames, PartitionsOfALongTableShareTheirBeginning) {
  const std::string table(60, 'x');
  const Grid grid = grid_of("1 day");
  EXPECT_EQ(partition_name(table, grid, 0).substr(0, 52), partition_name(table, grid, kDay).substr(0, 52));
}

TEST(PartitionNames, CutsAtWholeCharacters) {
  std::string table;
  for (int i = 0; i < 31; ++i)
    table += "é";
  const std::string made = partition_name(table + "x", grid_of("1 hour"), 0);
  EXPECT_LE(made.size(), 63u);
  const std::string head = made.substr(0, made.find('_'));
  EXPECT_EQ(head.size() % 2, 0u) << made;
  EXPECT_FALSE(head.empty());
}

TEST(PartitionNames, JustFittingNamesAreWhole) {
  const std::string table(53, 'x');
  EXPECT_EQ(partition_name(table, grid_of("1 day"), 0), table + "_p20000101");
  EXPECT_NE(partition_name(table + "x", grid_of("1 day"), 0), table + "x_p20000101");
}

TEST(PartitionNames, Default) {
  EXPECT_EQ(default_name("price_history"), "price_history_default");
  EXPECT_EQ(default_name(std::string(60, 'x')).size(), 63u);
}

TEST(PartitionNames, BoundariesForPeople) {
  const Position at = day(2026, 3, 1) + 14 * kHour;
  EXPECT_EQ(boundary_text(grid_of("1 day", "Europe/Berlin"), at), "2026-03-01 15:00:00+01");
  EXPECT_EQ(boundary_text(grid_of("1 day", "Asia/Kolkata"), at), "2026-03-01 19:30:00+05:30");
  EXPECT_EQ(boundary_text(grid_of("1 day", "America/St_Johns"), at), "2026-03-01 10:30:00-03:30");
  EXPECT_EQ(boundary_text(grid_of("1 day", "America/New_York"), day(1870, 1, 1)),
            "1869-12-31 19:03:58-04:56:02");
  EXPECT_EQ(boundary_text(grid_of(KeyKind::timestamp, "1 day"), at + 250'000), "2026-03-01 14:00:00.25");
  EXPECT_EQ(boundary_text(grid_of(KeyKind::date, "1 day"), day(2026, 3, 1)), "2026-03-01");
  EXPECT_EQ(boundary_text(grid_of(KeyKind::integer, "1"), -7), "-7");
  EXPECT_EQ(boundary_text(grid_of(KeyKind::date, "1 day"), day(-43, 3, 15)), "0044-03-15 BC");
  EXPECT_EQ(boundary_text(grid_of("1 day"), kMinimum), "MINVALUE");
  EXPECT_EQ(boundary_text(grid_of("1 day"), kMaximum), "MAXVALUE");
}

}  // namespace
