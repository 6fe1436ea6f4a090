#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/partition/key.hpp"
#include "core/partition/zone.hpp"

namespace deal::partition {

/// Width of a partition: exactly one field is above 0.
struct Step {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t units = 0;  ///< less than a day in Microseconds; of an integer key: how many numbers

  bool operator==(const Step&) const = default;
};

/// Reads a step: for times "1 month", "3 months", "1 year", "1 week", "1 day", "12 hours", "15 minutes" (a
/// number and one unit, or ISO 8601's P1M, PT6H; also "monthly", "weekly", "daily", "hourly", "yearly",
/// "quarterly"); for integers a whole number ("1000000"). Throws Error 22023 for anything else, for 0 and
/// below, for a bare number given for a time ("A unit is needed, as in '10 days'."), for more than a day in
/// hours that is no whole number of days, for less than whole minutes, for less than a day where the key is a
/// date, and above 100 years.
Step parse_step(KeyKind kind, std::string_view text);

/// The step in words that parse_step reads back: "1 month", "7 days", "6 hours", "1000000".
std::string to_string(KeyKind kind, const Step& step);

/// Where boundaries may lie. Months and days are counted on the zone's clocks, so partitions begin at local
/// midnight; shorter steps are counted in real time from the anchor, so that none is longer than another.
struct Grid {
  KeyKind kind = KeyKind::timestamptz;
  Step step;
  Zone zone = utc();  ///< disregarded where has_zone(kind) is false
  /// One boundary: local for months and days (microseconds since 2000-01-01 00:00 local), else a position.
  std::int64_t anchor = 0;
  /// What the key's column can hold, where that is less than its kind can: see range_of(kind, bytes).
  Range column{};
};

/// The anchor for a step where the user names none: 2000-01-01, or Monday 2000-01-03 for whole weeks; 0 for
/// integers.
std::int64_t default_anchor(KeyKind kind, const Step& step);

/// The greatest boundary at or before `position`; kMinimum if there is none that the column can express.
/// kMinimum and kMaximum are boundaries themselves.
Position boundary_at(const Grid& grid, Position position);
/// The smallest boundary after `position`, always greater; kMaximum if there is none, and for kMaximum.
Position boundary_after(const Grid& grid, Position position);
/// True if `position` is a boundary.
bool is_boundary(const Grid& grid, Position position);

/// How many partitions cover everything from `lower` to `upper`, parts of one counted as whole; 0 if `upper`
/// isn't above `lower`. Takes no longer for many than for few. A day that a zone skipped is counted as one.
std::int64_t partitions_between(const Grid& grid, Position lower, Position upper);

/// `position` moved by whole steps (also back), on the grid's calendar. A boundary stays one, also where
/// months are counted from the 31st.
Position shifted(const Grid& grid, Position position, std::int64_t steps);
/// `position` moved back by a span such as "90 days" or "2 years" given as Step, on the zone's calendar: for
/// retention. kMinimum if that is before all that the column can hold.
Position moved_back(const Grid& grid, Position position, const Step& span);
/// The same into the future, for horizons.
Position moved_forward(const Grid& grid, Position position, const Step& span);

/// What the zone's clocks show at the position: the position itself for keys without a zone.
Microseconds local_time(const Grid& grid, Position position);

}  // namespace deal::partition
