#pragma once

#include <cstdint>
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
/// hours that is no whole number of days, for steps under a minute and above 100 years.
Step parse_step(KeyKind kind, std::string_view text);

/// The step in words that parse_step reads back: "1 month", "7 days", "6 hours", "1000000".
std::string to_string(KeyKind kind, const Step& step);

/// Where boundaries may lie. Months and days are counted on the zone's clocks, so partitions begin at local
/// midnight; shorter steps are counted in real time from the anchor, so that none is longer than another.
struct Grid {
  KeyKind kind = KeyKind::timestamptz;
  Step step;
  Zone zone = utc();
  /// One boundary: local for months and days (microseconds since 2000-01-01 00:00 local), else a position.
  std::int64_t anchor = 0;
};

/// The anchor for a step where the user names none: 2000-01-01, or Monday 2000-01-03 for whole weeks; 0 for
/// integers.
std::int64_t default_anchor(KeyKind kind, const Step& step);

/// The greatest boundary at or before `position`; kMinimum if there is none that the kind can express.
Position boundary_at(const Grid& grid, Position position);
/// The smallest boundary after `position`, always greater; kMaximum if there is none.
Position boundary_after(const Grid& grid, Position position);
/// True if `position` is a boundary.
bool is_boundary(const Grid& grid, Position position);

/// `position` moved by whole steps (also back), on the grid's calendar: for horizons and retention.
Position shifted(const Grid& grid, Position position, std::int64_t steps);
/// `instant` moved back by a span such as "90 days" or "2 years" given as Step, on the zone's calendar.
Position moved_back(const Grid& grid, Position position, const Step& span);

}  // namespace deal::partition
