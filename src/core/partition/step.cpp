#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "core/base/error.hpp"
#include "core/partition/grid.hpp"

namespace deal::partition {

namespace {

constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kMaxMonths = 1'200;
constexpr std::int64_t kMaxDays = 36'525;

struct Unit {
  std::string_view name;  ///< without the plural's s
  Step step;
};

constexpr std::array<Unit, 10> kUnits{{{"second", {.units = kSecond}},
                                       {"sec", {.units = kSecond}},
                                       {"minute", {.units = kMinute}},
                                       {"min", {.units = kMinute}},
                                       {"hour", {.units = kHour}},
                                       {"day", {.days = 1}},
                                       {"week", {.days = 7}},
                                       {"month", {.months = 1}},
                                       {"quarter", {.months = 3}},
                                       {"year", {.months = 12}}}};

constexpr std::array<std::pair<std::string_view, Step>, 6> kWords{{{"hourly", {.units = kHour}},
                                                                   {"daily", {.days = 1}},
                                                                   {"weekly", {.days = 7}},
                                                                   {"monthly", {.months = 1}},
                                                                   {"quarterly", {.months = 3}},
                                                                   {"yearly", {.months = 12}}}};

Error invalid(std::string_view text, std::string_view hint) {
  Error error("22023", fmt::format("invalid step: \"{}\"", text));
  error.hint(std::string(hint));
  return error;
}

constexpr std::string_view kExample = "Write a number and one unit, as in '1 month', '7 days' or '6 hours'.";

std::string lower_trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// The whole number that `text` begins with, which is taken off it. Beyond int64 it is int64's greatest: too
// large in every unit.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc::result_out_of_range ? std::numeric_limits<std::int64_t>::max() : number;
}

std::optional<Step> unit_named(std::string_view name) {
  if (name == "mon" || name == "mons") name = "month";
  for (const Unit& unit : kUnits) {
    if (name == unit.name) return unit.step;
    if (name.size() == unit.name.size() + 1 && name.starts_with(unit.name) && name.back() == 's')
      return unit.step;
  }
  return {};
}

// M is months before the T and minutes after it.
std::optional<Step> iso_unit(char letter, bool of_time) {
  switch (letter) {
    case 'y':
      return of_time ? std::nullopt : unit_named("year");
    case 'm':
      return unit_named(of_time ? "minute" : "month");
    case 'w':
      return of_time ? std::nullopt : unit_named("week");
    case 'd':
      return of_time ? std::nullopt : unit_named("day");
    case 'h':
      return of_time ? unit_named("hour") : std::nullopt;
    case 's':
      return of_time ? unit_named("second") : std::nullopt;
    default:
      return {};
  }
}

struct Quantity {
  std::int64_t number = 0;
  Step unit;
};

// A quantity of time as written, or nothing.
std::optional<Quantity> quantity_of(std::string_view text) {
  for (const auto& [word, step] : kWords) {
    if (text == word) return Quantity{1, step};
  }
  const bool iso = text.starts_with('p');
  const bool of_time = text.starts_with("pt");
  if (iso) text.remove_prefix(of_time ? 2 : 1);
  const auto number = take_number(text);
  if (!number) return {};
  while (!iso && text.starts_with(' '))
    text.remove_prefix(1);
  const auto unit =
      iso ? (text.size() == 1 ? iso_unit(text.front(), of_time) : std::nullopt) : unit_named(text);
  if (!unit) return {};
  return Quantity{*number, *unit};
}

// `times` of a duration of the clock: whole days become days.
Step clock_step(KeyKind kind, std::string_view text, std::int64_t times, std::int64_t unit) {
  if (times > kMaxDays * (kDay / unit)) throw invalid(text, "A step is at most 100 years.");
  const std::int64_t units = times * unit;
  if (units % kDay == 0) return {.days = static_cast<std::int32_t>(units / kDay)};
  if (units > kDay) throw invalid(text, "More than a day has to be a whole number of days.");
  if (units % kMinute != 0) throw invalid(text, "A step is a whole number of minutes.");
  if (kind == KeyKind::date) throw invalid(text, "The step of a date is at least a day.");
  return {.units = units};
}

bool is_whole_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789", text.front() == '-' ? 1 : 0) == text.npos;
}

Step parse_integer_step(std::string_view text) {
  const std::string given = lower_trimmed(text);
  std::string_view rest = given;
  const auto number = is_whole_number(rest) ? take_number(rest) : std::nullopt;
  if (!number || !rest.empty())
    throw invalid(text, "The step of an integer key is a whole number, as in '1000000'.");
  if (*number <= 0) throw invalid(text, "A step is above 0.");
  return {.units = *number};
}

}  // namespace

Step parse_step(KeyKind kind, std::string_view text) {
  if (!is_time(kind)) return parse_integer_step(text);
  const std::string given = lower_trimmed(text);
  if (is_whole_number(given)) throw invalid(text, "A unit is needed, as in '10 days'.");
  const auto quantity = quantity_of(given);
  if (!quantity) throw invalid(text, kExample);
  const auto [number, unit] = *quantity;
  if (number <= 0) throw invalid(text, "A step is above 0.");
  if (unit.units > 0) return clock_step(kind, text, number, unit.units);
  if (number > (unit.months > 0 ? kMaxMonths / unit.months : kMaxDays / unit.days)) {
    throw invalid(text, "A step is at most 100 years.");
  }
  const auto times = static_cast<std::int32_t>(number);
  return {.months = times * unit.months, .days = times * unit.days};
}

std::string to_string(KeyKind kind, const Step& step) {
  if (!is_time(kind)) return fmt::format("{}", step.units);
  const auto words = [](std::int64_t number, std::string_view unit) {
    return fmt::format("{} {}{}", number, unit, number == 1 ? "" : "s");
  };
  if (step.months > 0 && step.months % 12 == 0) return words(step.months / 12, "year");
  if (step.months > 0) return words(step.months, "month");
  if (step.days > 0) return words(step.days, "day");
  if (step.units % kHour == 0) return words(step.units / kHour, "hour");
  return words(step.units / kMinute, "minute");
}

}  // namespace deal::partition
