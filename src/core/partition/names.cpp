#include "core/partition/names.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "core/partition/calendar.hpp"

namespace deal::partition {

namespace {

constexpr std::int64_t kHour = 3'600 * kSecond;
constexpr std::int64_t kMinute = 60 * kSecond;

struct Clock {
  std::int64_t hours;
  std::int64_t minutes;
  std::int64_t seconds;
};

Clock clock_of(std::int64_t seconds) {
  return {seconds / 3'600, seconds / 60 % 60, seconds % 60};
}

std::string date_digits(const Date& date) {
  if (date.year > 0) return fmt::format("{:04}{:02}{:02}", date.year, date.month, date.day);
  return fmt::format("bc{:04}{:02}{:02}", 1 - date.year, date.month, date.day);
}

std::string time_digits(Microseconds time, bool hours_do) {
  const auto [hours, minutes, seconds] = clock_of(time / kSecond);
  if (seconds != 0) return fmt::format("{:02}{:02}{:02}", hours, minutes, seconds);
  return hours_do && minutes == 0 ? fmt::format("{:02}", hours) : fmt::format("{:02}{:02}", hours, minutes);
}

std::string offset_digits(std::int64_t offset) {
  return (offset < 0 ? 'w' : 'e') + time_digits(std::abs(offset) * kSecond, true);
}

// True if the date alone tells a boundary of whole days or months: the first one that begins on that date.
bool date_does(const Grid& grid, Position lower, Microseconds local) {
  if (grid.step.units > 0) return false;
  if (!is_boundary(grid, lower)) return floor_divided(local, kDay) * kDay == local && grid.anchor % kDay == 0;
  const Microseconds before = local_time(grid, boundary_at(grid, lower - 1));
  return floor_divided(before, kDay) != floor_divided(local, kDay);
}

std::string time_suffix(const Grid& grid, Position lower) {
  const Microseconds local = local_time(grid, lower);
  const auto [date, time] = moment_of(local);
  std::string suffix = "_p" + date_digits(date);
  if (date_does(grid, lower, local)) return suffix;
  suffix += '_' + time_digits(time, grid.step.units % kHour == 0);
  const bool second_showing = has_zone(grid.kind) && to_instant(grid.zone, local) != lower;
  return second_showing ? suffix + offset_digits((local - lower) / kSecond) : suffix;
}

std::string integer_suffix(Position lower) {
  if (lower >= 0) return fmt::format("_p{}", lower);
  return fmt::format("_pm{}", std::uint64_t{0} - static_cast<std::uint64_t>(lower));
}

std::string offset_text(std::int64_t offset) {
  const auto [hours, minutes, seconds] = clock_of(std::abs(offset));
  std::string text = fmt::format("{}{:02}", offset < 0 ? '-' : '+', hours);
  if (minutes != 0 || seconds != 0) text += fmt::format(":{:02}", minutes);
  if (seconds != 0) text += fmt::format(":{:02}", seconds);
  return text;
}

std::string fraction_text(Microseconds fraction) {
  if (fraction == 0) return "";
  std::string text = fmt::format(".{:06}", fraction);
  return text.erase(text.find_last_not_of('0') + 1);
}

}  // namespace

std::string partition_name(std::string_view table, const Grid& grid, Position lower) {
  if (lower == kMinimum) return fitting_name(table, "_pmin");
  return fitting_name(table, is_time(grid.kind) ? time_suffix(grid, lower) : integer_suffix(lower));
}

std::string default_name(std::string_view table) {
  return fitting_name(table, "_default");
}

std::string boundary_text(const Grid& grid, Position position) {
  if (position == kMinimum) return "MINVALUE";
  if (position == kMaximum) return "MAXVALUE";
  if (!is_time(grid.kind)) return fmt::format("{}", position);
  const Microseconds local = local_time(grid, position);
  const auto [date, time] = moment_of(local);
  const bool before_christ = date.year <= 0;
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", before_christ ? 1 - date.year : date.year, date.month, date.day);
  if (grid.kind != KeyKind::date) {
    const auto [hours, minutes, seconds] = clock_of(time / kSecond);
    text += fmt::format(" {:02}:{:02}:{:02}{}", hours, minutes, seconds, fraction_text(time % kSecond));
  }
  if (has_zone(grid.kind)) text += offset_text((local - position) / kSecond);
  if (before_christ) text += " BC";
  return text;
}

}  // namespace deal::partition
