#include "core/partition/calendar.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace {

using namespace deal::partition;

TEST(PartitionCalendar, DaysCountFrom2000) {
  EXPECT_EQ(days_of({2000, 1, 1}), 0);
  EXPECT_EQ(days_of({1999, 12, 31}), -1);
  EXPECT_EQ(days_of({1970, 1, 1}), -10'957);
  EXPECT_EQ(days_of({2000, 3, 1}), 60);
  EXPECT_EQ(days_of({2001, 3, 1}), 425);
  EXPECT_EQ(days_of({-4713, 11, 24}) * kDay, kFirstTime);
  EXPECT_EQ(days_of({294'277, 1, 1}) * kDay, kEndTime);
}

TEST(PartitionCalendar, EveryDayFollowsTheOneBefore) {
  Date expected{-400, 1, 1};
  for (std::int64_t days = days_of(expected); days < days_of({2401, 1, 1}); ++days) {
    ASSERT_EQ(date_of(days), expected);
    ASSERT_EQ(days_of(expected), days);
    if (++expected.day <= days_in_month(expected.year, expected.month)) continue;
    expected.day = 1;
    if (++expected.month > 12) expected = {expected.year + 1, 1, 1};
  }
  EXPECT_EQ(expected, (Date{2401, 1, 1}));
}

TEST(PartitionCalendar, DatesReadBackAtBothEnds) {
  for (const std::int64_t days :
       {kFirstTime / kDay, kFirstTime / kDay + 1, kEndTime / kDay - 1, kEndTime / kDay})
    EXPECT_EQ(days_of(date_of(days)), days);
}

TEST(PartitionCalendar, LeapYears) {
  EXPECT_EQ(days_in_month(2000, 2), 29);
  EXPECT_EQ(days_in_month(1900, 2), 28);
  EXPECT_EQ(days_in_month(2024, 2), 29);
  EXPECT_EQ(days_in_month(2023, 2), 28);
  EXPECT_EQ(days_in_month(0, 2), 29);
  EXPECT_EQ(days_in_month(-4, 2), 29);
  EXPECT_EQ(days_in_month(-1, 2), 28);
}

TEST(PartitionCalendar, AMomentBeforeMidnightBelongsToTheDayBefore) {
  const Moment moment = moment_of(-1);
  EXPECT_EQ(moment.date, (Date{1999, 12, 31}));
  EXPECT_EQ(moment.time, kDay - 1);
}

TEST(PartitionCalendar, MonthsEndOnTheirLastDay) {
  const Microseconds noon = kDay / 2;
  const Microseconds january = days_of({2024, 1, 31}) * kDay + noon;
  EXPECT_EQ(plus_months(january, 1), days_of({2024, 2, 29}) * kDay + noon);
  EXPECT_EQ(plus_months(january, 2), days_of({2024, 3, 31}) * kDay + noon);
  EXPECT_EQ(plus_months(january, -11), days_of({2023, 2, 28}) * kDay + noon);
  EXPECT_EQ(plus_months(january, -12), days_of({2023, 1, 31}) * kDay + noon);
}

TEST(PartitionCalendar, MonthsStopWhereTheServersYearsDo) {
  EXPECT_EQ(plus_months(days_of({294'276, 12, 1}) * kDay, 1), std::numeric_limits<Microseconds>::max());
  EXPECT_EQ(plus_months(0, std::numeric_limits<std::int64_t>::max()),
            std::numeric_limits<Microseconds>::max());
  EXPECT_EQ(plus_months(0, std::numeric_limits<std::int64_t>::min()),
            std::numeric_limits<Microseconds>::min());
  EXPECT_EQ(plus_months(0, 12 * (294'276 - 2000)), days_of({294'276, 1, 1}) * kDay);
}

}  // namespace
