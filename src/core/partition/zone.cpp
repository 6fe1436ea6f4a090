#include "core/partition/zone.hpp"

#include <algorithm>
#include <limits>

#include "core/partition/calendar.hpp"

namespace deal::partition {

namespace {

constexpr std::int64_t kDaySeconds = 86'400;

std::int64_t offset_within_range(const Zone& zone, std::int64_t seconds) {
  return zone.offset_at(std::clamp(seconds, kFirstTime / kSecond, kEndTime / kSecond - 1));
}

// The first second with another offset than `from` has; `until` has another.
std::int64_t change_between(const Zone& zone, std::int64_t from, std::int64_t until) {
  const std::int64_t before = offset_within_range(zone, from);
  while (until - from > 1) {
    const std::int64_t middle = from + (until - from) / 2;
    (offset_within_range(zone, middle) == before ? from : until) = middle;
  }
  return until;
}

}  // namespace

Zone utc() {
  return {"UTC", [](std::int64_t) -> std::int32_t { return 0; }};
}

Microseconds to_local(const Zone& zone, Microseconds instant) {
  const std::int64_t offset = offset_within_range(zone, floor_divided(instant, kSecond)) * kSecond;
  constexpr std::numeric_limits<Microseconds> kEnds;
  if (offset > 0 && instant > kEnds.max() - offset) return kEnds.max();
  if (offset < 0 && instant < kEnds.min() - offset) return kEnds.min();
  return instant + offset;
}

Microseconds to_instant(const Zone& zone, Microseconds local) {
  if (local < kFirstTime - kDay) return std::numeric_limits<Microseconds>::min();
  if (local > kEndTime + kDay) return std::numeric_limits<Microseconds>::max();
  const std::int64_t shown = floor_divided(local, kSecond);
  const Microseconds fraction = local - shown * kSecond;

  // A day earlier the clocks can't show `local` yet. Between there and where they would by the offset of then
  // lie less than two days, so there is at most one change.
  const std::int64_t early = shown - kDaySeconds;
  const std::int64_t offset = offset_within_range(zone, early);
  const std::int64_t expected = shown - offset;
  const std::int64_t offset_then = offset_within_range(zone, expected);
  if (offset_then == offset) return expected * kSecond + fraction;

  const std::int64_t change = change_between(zone, early, expected);
  if (change + offset_then > shown) return change * kSecond;
  return (shown - offset_then) * kSecond + fraction;
}

}  // namespace deal::partition
