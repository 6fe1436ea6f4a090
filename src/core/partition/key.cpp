#include "core/partition/key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/partition/calendar.hpp"

namespace deal::partition {

namespace {

constexpr std::array<std::pair<KeyKind, std::string_view>, 9> kNames{{{KeyKind::timestamptz, "timestamptz"},
                                                                      {KeyKind::timestamp, "timestamp"},
                                                                      {KeyKind::date, "date"},
                                                                      {KeyKind::integer, "integer"},
                                                                      {KeyKind::epoch_s, "epoch_s"},
                                                                      {KeyKind::epoch_ms, "epoch_ms"},
                                                                      {KeyKind::epoch_us, "epoch_us"},
                                                                      {KeyKind::uuidv7, "uuidv7"},
                                                                      {KeyKind::ulid, "ulid"}}};

constexpr Microseconds kMillisecond = 1'000;
constexpr std::int64_t kMilliseconds48 = (std::int64_t{1} << 48) - 1;
constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kUlidLength = 26;
constexpr std::size_t kUlidTimeLength = 10;

// How many positions lie between two values of the kind.
constexpr std::int64_t unit_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::date:
      return kDay;
    case KeyKind::epoch_s:
      return kSecond;
    case KeyKind::epoch_ms:
    case KeyKind::uuidv7:
    case KeyKind::ulid:
      return kMillisecond;
    default:
      return 1;
  }
}

// The position of the kind's value 0.
constexpr Position origin_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::timestamptz:
    case KeyKind::timestamp:
    case KeyKind::date:
    case KeyKind::integer:
      return 0;
    default:
      return kUnixEpoch;
  }
}

Position saturated(__int128 position) {
  return static_cast<Position>(std::clamp<__int128>(position, kMinimum, kMaximum));
}

std::string timestamp_literal(Position position, std::string_view zone) {
  const auto [date, time] = moment_of(position);
  const bool before_christ = date.year <= 0;
  const std::int64_t seconds = time / kSecond;
  std::string text =
      fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", before_christ ? 1 - date.year : date.year,
                  date.month, date.day, seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const std::int64_t fraction = time % kSecond; fraction != 0) text += fmt::format(".{:06}", fraction);
  text += zone;
  if (before_christ) text += " BC";
  return quote_literal(text);
}

std::string date_literal(Position position) {
  const Date date = date_of(floor_divided(position, kDay));
  const bool before_christ = date.year <= 0;
  return quote_literal(fmt::format("{:04}-{:02}-{:02}{}", before_christ ? 1 - date.year : date.year,
                                   date.month, date.day, before_christ ? " BC" : ""));
}

std::string uuid_literal(std::int64_t milliseconds) {
  const std::string digits = fmt::format("{:012x}", milliseconds);
  return fmt::format("'{}-{}-0000-0000-000000000000'", digits.substr(0, 8), digits.substr(8));
}

std::string ulid_literal(std::int64_t milliseconds) {
  std::string text(kUlidLength, '0');
  for (std::size_t at = kUlidTimeLength; at-- > 0; milliseconds /= 32)
    text[at] = kCrockford[static_cast<std::size_t>(milliseconds % 32)];
  return quote_literal(text);
}

std::optional<std::int64_t> hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return {};
}

std::optional<std::int64_t> uuid_milliseconds(std::string_view text) {
  if (text.size() != 36) return {};
  std::int64_t milliseconds = 0;
  int digits = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool hyphen = at == 8 || at == 13 || at == 18 || at == 23;
    if (hyphen != (text[at] == '-')) return {};
    if (hyphen) continue;
    const auto digit = hexadecimal_digit(text[at]);
    if (!digit) return {};
    if (digits++ < 12) milliseconds = milliseconds * 16 + *digit;
  }
  return milliseconds;
}

std::optional<std::int64_t> ulid_milliseconds(std::string_view text) {
  if (text.empty() || text.size() > kUlidLength) return {};
  std::int64_t milliseconds = 0;
  for (std::size_t at = 0; at < std::max(text.size(), kUlidTimeLength); ++at) {
    char c = at < text.size() ? text[at] : '0';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const auto digit = kCrockford.find(c);
    if (digit == std::string_view::npos) return {};
    if (at < kUlidTimeLength) milliseconds = milliseconds * 32 + static_cast<std::int64_t>(digit);
  }
  if (milliseconds > kMilliseconds48) return {};
  return milliseconds;
}

}  // namespace

std::string_view name_of(KeyKind kind) {
  for (const auto& [known, name] : kNames) {
    if (known == kind) return name;
  }
  return "";
}

std::optional<KeyKind> key_kind(std::string_view name) {
  for (const auto& [kind, known] : kNames) {
    if (known == name) return kind;
  }
  return {};
}

bool is_time(KeyKind kind) {
  return kind != KeyKind::integer;
}

bool has_zone(KeyKind kind) {
  return kind != KeyKind::integer && kind != KeyKind::timestamp && kind != KeyKind::date;
}

Range range_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::integer:
      return {kMinimum + 1, kMaximum - 1};
    case KeyKind::epoch_us:
      // The number itself has to fit 64 bits, and counts from earlier than positions do.
      return {kFirstTime, std::min(kEndTime - 1, kMaximum + kUnixEpoch)};
    case KeyKind::uuidv7:
    case KeyKind::ulid:
      return {kUnixEpoch, kUnixEpoch + kMilliseconds48 * kMillisecond};
    default:
      return {kFirstTime, kEndTime - 1};
  }
}

Range range_of(KeyKind kind, int bytes) {
  const Range all = range_of(kind);
  if (bytes >= 8 || bytes < 1) return all;
  const std::int64_t end = std::int64_t{1} << (8 * bytes - 1);
  return {std::max(all.least, position_of(kind, -end)), std::min(all.greatest, position_of(kind, end - 1))};
}

std::string bound_literal(KeyKind kind, Position position) {
  if (position == kMinimum) return "MINVALUE";
  if (position == kMaximum) return "MAXVALUE";
  const Range range = range_of(kind);
  const Position rounded = representable(kind, position);
  if (position < range.least || rounded > range.greatest) {
    throw Error("22008", fmt::format("partition bound out of range for key kind {}", name_of(kind)))
        .detail(fmt::format("The bound lies {} microseconds from 2000-01-01 00:00 UTC.", position));
  }
  const auto value =
      static_cast<std::int64_t>((static_cast<__int128>(rounded) - origin_of(kind)) / unit_of(kind));
  switch (kind) {
    case KeyKind::timestamptz:
      return timestamp_literal(rounded, "+00");
    case KeyKind::timestamp:
      return timestamp_literal(rounded, "");
    case KeyKind::date:
      return date_literal(rounded);
    case KeyKind::uuidv7:
      return uuid_literal(value);
    case KeyKind::ulid:
      return ulid_literal(value);
    default:
      return fmt::format("{}", value);
  }
}

Position representable(KeyKind kind, Position position) {
  if (position == kMinimum || position == kMaximum) return position;
  const Range range = range_of(kind);
  const std::int64_t unit = unit_of(kind);
  // The origins are whole units themselves.
  const std::int64_t below = floor_divided(std::max(position, range.least), unit) * unit;
  const Position rounded = below < std::max(position, range.least) ? below + unit : below;
  return rounded > range.greatest ? kMaximum : rounded;
}

Position position_of(KeyKind kind, std::int64_t raw) {
  if (raw == kMinimum || raw == kMaximum) return raw;
  if (kind == KeyKind::date && raw == std::numeric_limits<std::int32_t>::min()) return kMinimum;
  return saturated(static_cast<__int128>(raw) * unit_of(kind) + origin_of(kind));
}

std::optional<Position> position_of(KeyKind kind, std::string_view text) {
  std::optional<std::int64_t> milliseconds;
  if (kind == KeyKind::uuidv7) milliseconds = uuid_milliseconds(text);
  if (kind == KeyKind::ulid) milliseconds = ulid_milliseconds(text);
  if (!milliseconds) return {};
  return position_of(kind, *milliseconds);
}

}  // namespace deal::partition
