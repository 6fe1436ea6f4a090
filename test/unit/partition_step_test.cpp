#include <gtest/gtest.h>

#include <string>

#include "core/base/error.hpp"
#include "core/partition/grid.hpp"

namespace {

using namespace deal::partition;

constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

Step step(const char* text) {
  return parse_step(KeyKind::timestamptz, text);
}

// "hint" of the error, which has to be 22023; "no error" if there is none.
std::string hint(KeyKind kind, const char* text) {
  try {
    parse_step(kind, text);
  } catch (const deal::Error& error) {
    return error.sqlstate() == "22023" ? error.hint_text() : error.sqlstate();
  }
  return "no error";
}

std::string hint(const char* text) {
  return hint(KeyKind::timestamptz, text);
}

TEST(PartitionStep, MonthsAndYears) {
  EXPECT_EQ(step("1 month"), (Step{.months = 1}));
  EXPECT_EQ(step("3 months"), (Step{.months = 3}));
  EXPECT_EQ(step("2 quarters"), (Step{.months = 6}));
  EXPECT_EQ(step("1 year"), (Step{.months = 12}));
  EXPECT_EQ(step("1 mon"), (Step{.months = 1}));
}

TEST(PartitionStep, DaysAndWeeks) {
  EXPECT_EQ(step("1 day"), (Step{.days = 1}));
  EXPECT_EQ(step("90 days"), (Step{.days = 90}));
  EXPECT_EQ(step("2 weeks"), (Step{.days = 14}));
}

TEST(PartitionStep, HoursAndMinutes) {
  EXPECT_EQ(step("12 hours"), (Step{.units = 12 * kHour}));
  EXPECT_EQ(step("15 minutes"), (Step{.units = 15 * kMinute}));
  EXPECT_EQ(step("15min"), (Step{.units = 15 * kMinute}));
  EXPECT_EQ(step("120 seconds"), (Step{.units = 2 * kMinute}));
}

TEST(PartitionStep, WholeDaysInHoursAreDays) {
  EXPECT_EQ(step("24 hours"), (Step{.days = 1}));
  EXPECT_EQ(step("48 hours"), (Step{.days = 2}));
  EXPECT_EQ(step("1440 minutes"), (Step{.days = 1}));
}

TEST(PartitionStep, Iso8601) {
  EXPECT_EQ(step("P1M"), (Step{.months = 1}));
  EXPECT_EQ(step("PT1M"), (Step{.units = kMinute}));
  EXPECT_EQ(step("p2w"), (Step{.days = 14}));
  EXPECT_EQ(step("P1Y"), (Step{.months = 12}));
  EXPECT_EQ(step("PT6H"), (Step{.units = 6 * kHour}));
}

TEST(PartitionStep, Words) {
  EXPECT_EQ(step("hourly"), (Step{.units = kHour}));
  EXPECT_EQ(step("daily"), (Step{.days = 1}));
  EXPECT_EQ(step("weekly"), (Step{.days = 7}));
  EXPECT_EQ(step("monthly"), (Step{.months = 1}));
  EXPECT_EQ(step("quarterly"), (Step{.months = 3}));
  EXPECT_EQ(step("yearly"), (Step{.months = 12}));
}

TEST(PartitionStep, CaseAndBlanksDoNotMatter) {
  EXPECT_EQ(step(" \t 3   MONTHS\n"), (Step{.months = 3}));
  EXPECT_EQ(step("Daily "), (Step{.days = 1}));
}

TEST(PartitionStep, ABareNumberNeedsAUnit) {
  EXPECT_EQ(hint("10"), "A unit is needed, as in '10 days'.");
  EXPECT_EQ(hint(" 10 "), "A unit is needed, as in '10 days'.");
}

TEST(PartitionStep, WhatIsNoStep) {
  for (const char* text :
       {"", "day", "1 fortnight", "1 month 2 days", "1.5 hours", "1,5 hours", "P1Y2M", "PT1H30M", "PT", "P",
        "PT1D", "P1H", "P1S", "1 dayss", "one day", "0x10 days", "1e3 days", "days 1", "'1 day'"})
    EXPECT_EQ(hint(text), "Write a number and one unit, as in '1 month', '7 days' or '6 hours'.") << text;
}

TEST(PartitionStep, NothingAndLess) {
  EXPECT_EQ(hint("0 days"), "A step is above 0.");
  EXPECT_EQ(hint("-1 month"), "A step is above 0.");
  EXPECT_EQ(hint("-9223372036854775808 hours"), "A step is above 0.");
}

TEST(PartitionStep, MoreThanADayInHoursIsWholeDays) {
  EXPECT_EQ(hint("36 hours"), "More than a day has to be a whole number of days.");
  EXPECT_EQ(hint("1441 minutes"), "More than a day has to be a whole number of days.");
}

TEST(PartitionStep, LessThanAMinute) {
  EXPECT_EQ(hint("30 seconds"), "A step is a whole number of minutes.");
  EXPECT_EQ(hint("90 seconds"), "A step is a whole number of minutes.");
}

TEST(PartitionStep, AtMost100Years) {
  EXPECT_EQ(step("100 years"), (Step{.months = 1'200}));
  EXPECT_EQ(step("36525 days"), (Step{.days = 36'525}));
  for (const char* text :
       {"101 years", "1201 months", "36526 days", "5218 weeks", "876601 hours",
        "99999999999999999999 minutes", "9223372036854775807 days", "P99999999999999999999Y"})
    EXPECT_EQ(hint(text), "A step is at most 100 years.") << text;
}

TEST(PartitionStep, DatesHaveNoHours) {
  EXPECT_EQ(hint(KeyKind::date, "12 hours"), "The step of a date is at least a day.");
  EXPECT_EQ(parse_step(KeyKind::date, "24 hours"), (Step{.days = 1}));
}

TEST(PartitionStep, Integers) {
  EXPECT_EQ(parse_step(KeyKind::integer, " 1000000 "), (Step{.units = 1'000'000}));
  EXPECT_EQ(parse_step(KeyKind::integer, "9223372036854775807"), (Step{.units = kMaximum}));
  EXPECT_EQ(hint(KeyKind::integer, "0"), "A step is above 0.");
  EXPECT_EQ(hint(KeyKind::integer, "-3"), "A step is above 0.");
  for (const char* text : {"", "1 day", "1.5", "1e6", "1 000", "0x10", "+5", "-"})
    EXPECT_EQ(hint(KeyKind::integer, text), "The step of an integer key is a whole number, as in '1000000'.")
        << text;
}

TEST(PartitionStep, TheErrorQuotesWhatWasGiven) {
  try {
    step("10 parsecs");
    FAIL();
  } catch (const deal::Error& error) {
    EXPECT_EQ(error.message(), "invalid step: \"10 parsecs\"");
  }
}

TEST(PartitionStep, Texts) {
  EXPECT_EQ(to_string(KeyKind::date, {.months = 1}), "1 month");
  EXPECT_EQ(to_string(KeyKind::date, {.months = 18}), "18 months");
  EXPECT_EQ(to_string(KeyKind::date, {.months = 24}), "2 years");
  EXPECT_EQ(to_string(KeyKind::date, {.days = 7}), "7 days");
  EXPECT_EQ(to_string(KeyKind::timestamptz, {.units = 6 * kHour}), "6 hours");
  EXPECT_EQ(to_string(KeyKind::timestamptz, {.units = 90 * kMinute}), "90 minutes");
  EXPECT_EQ(to_string(KeyKind::integer, {.units = 1'000'000}), "1000000");
}

TEST(PartitionStep, TextsReadBack) {
  for (const char* text : {"15 minutes", "90 minutes", "1 hour", "6 hours", "1 day", "7 days", "365 days",
                           "1 month", "3 months", "1 year", "18 months", "100 years"})
    EXPECT_EQ(to_string(KeyKind::timestamptz, step(text)), text);
  EXPECT_EQ(to_string(KeyKind::integer, parse_step(KeyKind::integer, "42")), "42");
}

}  // namespace
