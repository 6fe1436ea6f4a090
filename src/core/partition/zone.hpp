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

/// A time zone, as far as partition bounds need one.
struct Zone {
  std::string name;
  /// Seconds east of UTC that are in force at an instant (whole seconds since 2000-01-01 00:00 UTC). Pure:
  /// the same instant always gives the same offset.
  std::function<std::int32_t(std::int64_t seconds)> offset_at;
};

/// UTC: for keys without a zone (timestamp, date).
Zone utc();

/// What the zone's clocks show at `instant`.
Microseconds to_local(const Zone& zone, Microseconds instant);

/// The instant at which the zone's clocks show `local`. Clocks that show it twice (the hour repeats when
/// summer time ends): the first time. Clocks that never show it (a skipped hour, or a skipped day): the
/// instant of the jump. So a larger `local` never gives an earlier instant; it may give the same.
Microseconds to_instant(const Zone& zone, Microseconds local);

}  // namespace deal::partition
