#pragma once

#include <cstdint>

#include "core/partition/zone.hpp"

namespace deal::partition {

/// A day of the proleptic Gregorian calendar. Year 0 is 1 BC, as in ISO 8601. (std::chrono's years end at
/// 32767, the server's at 294276.)
struct Date {
  std::int64_t year = 2000;
  int month = 1;
  int day = 1;

  bool operator==(const Date&) const = default;
};

/// How many days the month has.
int days_in_month(std::int64_t year, int month);
/// Days from 2000-01-01 to the date.
std::int64_t days_of(const Date& date);
/// The date so many days after 2000-01-01.
Date date_of(std::int64_t days);

/// The parts of a local time: a date and the microseconds since its midnight.
struct Moment {
  Date date;
  Microseconds time = 0;
};
Moment moment_of(Microseconds local);

/// The quotient rounded towards minus infinity; the divisor is above 0.
constexpr std::int64_t floor_divided(std::int64_t value, std::int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

/// `local` moved by whole months: the same day of the month, or the month's last where it has no such day.
/// What lies outside the years that the server knows is the end of int64 on that side.
Microseconds plus_months(Microseconds local, std::int64_t months);

}  // namespace deal::partition
