#include "core/partition/calendar.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace deal::partition {

namespace {

constexpr std::int64_t kDaysIn400Years = 146'097;
constexpr std::int64_t kFirstYear = -4'713;
constexpr std::int64_t kLastYear = 294'276;
constexpr std::int64_t kManyMonths = 12 * (kLastYear - kFirstYear) * 2;

constexpr bool is_leap(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// Days from 0000-01-01 to the first day of the year.
constexpr std::int64_t days_before(std::int64_t year) {
  const std::int64_t last = year - 1;
  return 365 * year + floor_divided(last, 4) - floor_divided(last, 100) + floor_divided(last, 400) + 1;
}

constexpr std::int64_t kDaysBefore2000 = days_before(2000);
static_assert(days_before(0) == 0 && days_before(1) == 366 && days_before(400) == kDaysIn400Years);

}  // namespace

int days_in_month(std::int64_t year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && is_leap(year) ? 1 : 0);
}

std::int64_t days_of(const Date& date) {
  std::int64_t days = days_before(date.year) - kDaysBefore2000 + date.day - 1;
  for (int month = 1; month < date.month; ++month)
    days += days_in_month(date.year, month);
  return days;
}

Date date_of(std::int64_t days) {
  const std::int64_t since_zero = days + kDaysBefore2000;
  // The mean year is off by less than two days over 400 years, so this is the year or a neighbour of it.
  std::int64_t year = floor_divided(since_zero * 400, kDaysIn400Years);
  while (days_before(year) > since_zero)
    --year;
  while (days_before(year + 1) <= since_zero)
    ++year;
  int rest = static_cast<int>(since_zero - days_before(year));
  int month = 1;
  for (int length = days_in_month(year, month); rest >= length; length = days_in_month(year, month)) {
    rest -= length;
    ++month;
  }
  return {year, month, rest + 1};
}

Moment moment_of(Microseconds local) {
  const std::int64_t days = floor_divided(local, kDay);
  return {date_of(days), local - days * kDay};
}

Microseconds plus_months(Microseconds local, std::int64_t months) {
  const auto [date, time] = moment_of(local);
  const std::int64_t index = date.year * 12 + date.month - 1 + std::clamp(months, -kManyMonths, kManyMonths);
  const std::int64_t year = floor_divided(index, 12);
  if (year < kFirstYear) return std::numeric_limits<Microseconds>::min();
  if (year > kLastYear) return std::numeric_limits<Microseconds>::max();
  const int month = static_cast<int>(index - year * 12) + 1;
  return days_of({year, month, std::min(date.day, days_in_month(year, month))}) * kDay + time;
}

}  // namespace deal::partition
