#include "core/audit/value_text.hpp"

#include <array>
#include <cstring>
#include <string_view>

namespace deal::audit {

namespace {

/// "00" to "99", one after the other.
constexpr std::array<char, 200> kPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kUtc = "+00:00";

char* put_pair(uint32_t number, char* out) {
  memcpy(out, kPairs.data() + 2 * static_cast<size_t>(number), 2);
  return out + 2;
}

// Years begin in March here, so that a leap day is a year's last day; day 0 is 0000-03-01.
constexpr int64_t kDaysToEpoch = 730425;    ///< to 2000-01-01
constexpr int64_t kFirstDay = 306;          ///< 0001-01-01
constexpr int64_t kEndDay = 3652365;        ///< 10000-01-01
constexpr uint32_t kDaysPerCycle = 146097;  ///< 400 years
constexpr uint32_t kDaysPerCentury = 36524;
constexpr uint32_t kDaysPerFourYears = 1461;

constexpr int64_t kMicrosecondsPerDay = INT64_C(86'400'000'000);

/// `day` is in kFirstDay..kEndDay - 1.
char* put_day(uint32_t day, char* out) {
  uint32_t const cycle = day / kDaysPerCycle;
  uint32_t const of_cycle = day % kDaysPerCycle;
  uint32_t const of_cycle_years = (of_cycle - of_cycle / (kDaysPerFourYears - 1) +
                                   of_cycle / kDaysPerCentury - of_cycle / (kDaysPerCycle - 1)) /
                                  365;
  uint32_t const of_year = of_cycle - (365 * of_cycle_years + of_cycle_years / 4 - of_cycle_years / 100);
  uint32_t const march_month = (5 * of_year + 2) / 153;  // five months from March have 153 days
  uint32_t const day_of_month = of_year - (153 * march_month + 2) / 5 + 1;
  uint32_t const month = march_month < 10 ? march_month + 3 : march_month - 9;
  uint32_t const year = cycle * 400 + of_cycle_years + (month <= 2 ? 1 : 0);
  out = put_pair(year % 100, put_pair(year / 100, out));
  *out++ = '-';
  out = put_pair(month, out);
  *out++ = '-';
  return put_pair(day_of_month, out);
}

char* put_fraction(uint32_t microseconds, char* out) {
  *out++ = '.';
  out = put_pair(microseconds / 10'000, out);
  out = put_pair(microseconds / 100 % 100, out);
  out = put_pair(microseconds % 100, out);
  while (out[-1] == '0')
    --out;
  return out;
}

char* put_time(int64_t microseconds, char* out) {
  auto const seconds = static_cast<uint32_t>(microseconds / 1'000'000);
  auto const fraction = static_cast<uint32_t>(microseconds % 1'000'000);
  out = put_pair(seconds / 3600, out);
  *out++ = ':';
  out = put_pair(seconds / 60 % 60, out);
  *out++ = ':';
  out = put_pair(seconds % 60, out);
  return fraction == 0 ? out : put_fraction(fraction, out);
}

}  // namespace

size_t put_date(int32_t days, char* out) noexcept {
  int64_t const day = kDaysToEpoch + days;
  if (day < kFirstDay || day >= kEndDay) return 0;
  return static_cast<size_t>(put_day(static_cast<uint32_t>(day), out) - out);
}

size_t put_timestamp(int64_t microseconds, bool in_utc, char* out) noexcept {
  int64_t days = microseconds / kMicrosecondsPerDay;
  int64_t of_day = microseconds % kMicrosecondsPerDay;
  if (of_day < 0) {
    of_day += kMicrosecondsPerDay;
    --days;
  }
  int64_t const day = kDaysToEpoch + days;
  if (day < kFirstDay || day >= kEndDay) return 0;
  char* at = put_day(static_cast<uint32_t>(day), out);
  *at++ = 'T';
  at = put_time(of_day, at);
  if (in_utc) {
    memcpy(at, kUtc.data(), kUtc.size());
    at += kUtc.size();
  }
  return static_cast<size_t>(at - out);
}

void put_hex(const uint8_t* bytes, size_t count, char* out) noexcept {
  for (size_t i = 0; i < count; ++i) {
    *out++ = kHex[bytes[i] >> 4];
    *out++ = kHex[bytes[i] & 15];
  }
}

void put_uuid(const uint8_t* bytes, char* out) noexcept {
  constexpr size_t kGroups[] = {4, 2, 2, 2, 6};
  for (size_t const group : kGroups) {
    put_hex(bytes, group, out);
    bytes += group;
    out += 2 * group;
    if (group != 6) *out++ = '-';
  }
}

size_t put_unsigned(uint32_t number, char* out) noexcept {
  char digits[10];
  size_t first = sizeof digits;
  do {
    digits[--first] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  memcpy(out, digits + first, sizeof digits - first);
  return sizeof digits - first;
}

}  // namespace deal::audit
