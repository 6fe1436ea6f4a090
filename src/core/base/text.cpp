#include "core/base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace deal {

namespace {

bool is_continuation(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u;
}

// The C locale's isspace, whatever locale the host has set.
bool is_space(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_blank_or_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7F;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

// Length of the number that `text` begins with: digits, a point, digits, an exponent. 0 if there is no digit.
std::size_t number_length(std::string_view text) noexcept {
  std::size_t at = 0;
  std::size_t digits = 0;
  const auto take_digits = [&] {
    while (at < text.size() && is_digit(text[at])) {
      ++at;
      ++digits;
    }
  };
  take_digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    take_digits();
  }
  if (digits == 0) return 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t exponent = at + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (exponent < text.size() && is_digit(text[exponent])) {
      at = exponent;
      take_digits();
    }
  }
  return at;
}

std::optional<int> unit_power(std::string_view unit) noexcept {
  struct Unit {
    std::string_view name;
    int power;
  };
  static constexpr std::array<Unit, 8> kUnits{
      {{"", 0}, {"bytes", 0}, {"b", 0}, {"kb", 1}, {"mb", 2}, {"gb", 3}, {"tb", 4}, {"pb", 5}}};
  for (const Unit& known : kUnits) {
    if (known.name.size() != unit.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < unit.size(); ++i) {
      const char lower = unit[i] >= 'A' && unit[i] <= 'Z' ? static_cast<char>(unit[i] - 'A' + 'a') : unit[i];
      same = same && lower == known.name[i];
    }
    if (same) return known.power;
  }
  return std::nullopt;
}

}  // namespace

std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) noexcept {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  // A character has at most three continuation bytes; more of them in a row are no UTF-8.
  for (int back = 0; back < 3 && end > 0 && is_continuation(text[end]); ++back)
    --end;
  if (is_continuation(text[end])) end = max_bytes;
  return text.substr(0, end);
}

std::string format_bytes(std::int64_t bytes) {
  static constexpr std::array<const char*, 6> kNames{"bytes", "kB", "MB", "GB", "TB", "PB"};
  const double magnitude = std::fabs(static_cast<double>(bytes));
  if (magnitude < 1024) return fmt::format("{} bytes", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 1023.95 would print as 1024.0: the next unit then.
  while (std::fabs(value) >= 1023.95 && unit + 1 < kNames.size()) {
    value /= 1024;
    ++unit;
  }
  return std::fabs(value) < 99.95 ? fmt::format("{:.1f} {}", value, kNames[unit])
                                  : fmt::format("{:.0f} {}", value, kNames[unit]);
}

std::string one_line(std::string_view text, std::size_t max_bytes) {
  std::string line;
  bool gap = false;
  for (const char c : text) {
    if (is_blank_or_control(c)) {
      gap = !line.empty();
      continue;
    }
    if (gap) line += ' ';
    gap = false;
    line += c;
    if (line.size() > max_bytes + 4) break;  // enough to know that it must be cut
  }
  if (line.size() <= max_bytes) return line;
  static constexpr std::string_view kMark = "...";
  if (max_bytes <= kMark.size()) return std::string(utf8_prefix(line, max_bytes));
  std::string cut(utf8_prefix(line, max_bytes - kMark.size()));
  return cut.append(kMark);
}

std::optional<std::int64_t> parse_bytes(std::string_view text) noexcept {
  text = trim(text);
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const std::size_t length = number_length(text);
  if (length == 0) return std::nullopt;
  // long double holds all 64-bit integers on the platforms that matter; elsewhere the last digits are
  // rounded.
  long double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + length, value);
  if (error == std::errc::result_out_of_range) {
    // Too large, or so small that it is nothing: only the exponent's sign can make it small.
    if (text.substr(0, length).find("e-") == std::string_view::npos &&
        text.substr(0, length).find("E-") == std::string_view::npos) {
      return std::nullopt;
    }
    value = 0;
  } else if (error != std::errc() || end != text.data() + length) {
    return std::nullopt;
  }
  const std::optional<int> power = unit_power(trim(text.substr(length)));
  if (!power) return std::nullopt;
  value = std::round(std::ldexp(value, 10 * *power));
  if (value > 9223372036854775807.0L + (negative ? 1 : 0)) return std::nullopt;
  if (negative && value == 9223372036854775808.0L) return INT64_MIN;
  const auto magnitude = static_cast<std::int64_t>(value);
  return negative ? -magnitude : magnitude;
}

}  // namespace deal
