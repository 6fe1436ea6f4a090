#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace deal::partition {

/// A point in time in microseconds since 2000-01-01 00:00 UTC, as the server counts; local times count from
/// 2000-01-01 00:00 of the zone's clocks.
using Microseconds = std::int64_t;

inline constexpr Microseconds kSecond = 1'000'000;
inline constexpr Microseconds kDay = 86'400 * kSecond;

/// The server's range of timestamps: from 4714-11-24 BC (the first that is) to 294277-01-01 (the first that
/// is not).
inline constexpr Microseconds kFirstTime = -2'451'545 * kDay;
inline constexpr Microseconds kEndTime = 106'751'983 * kDay;

/// A time zone, as far as partition bounds need one.
struct Zone {
  std::string name;
  /// Seconds east of UTC that are in force at an instant (whole seconds since 2000-01-01 00:00 UTC, always
  /// within the server's range). Pure: the same instant always gives the same offset. Less than a day either
  /// way, and it never changes twice within two days: both hold for every zone of the tz database, where the
  /// closest two changes are almost four days apart.
  std::function<std::int32_t(std::int64_t seconds)> offset_at;
};

/// UTC: for keys without a zone (timestamp, date).
Zone utc();

/// What the zone's clocks show at `instant`. Instants outside the server's range have the offset of its end.
Microseconds to_local(const Zone& zone, Microseconds instant);

/// The first instant at which the zone's clocks show `local` or later. So: clocks that show it twice (the
/// hour repeats when summer time ends): the first time. Clocks that never show it (a skipped hour, or a
/// skipped day): the instant of the jump. A larger `local` never gives an earlier instant; it may give the
/// same. What lies more than a day outside the server's range gives the end of int64 on that side.
Microseconds to_instant(const Zone& zone, Microseconds local);

}  // namespace deal::partition
