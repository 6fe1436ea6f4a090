#include "core/partition/grid.hpp"

#include <algorithm>

#include "core/partition/calendar.hpp"

namespace deal::partition {

namespace {

// Boundaries have numbers, 0 at the anchor. Those of integers can need 65 bits.
using Index = __int128;

constexpr std::int64_t kDaysInWeek = 7;

Position saturated(Index position) {
  return static_cast<Position>(std::clamp<Index>(position, kMinimum, kMaximum));
}

Index floor_divided(Index value, std::int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

Position instant_of(const Grid& grid, Microseconds local) {
  return has_zone(grid.kind) ? to_instant(grid.zone, local) : local;
}

Range range_of(const Grid& grid) {
  const Range kind = range_of(grid.kind);
  return {std::max(kind.least, grid.column.least), std::min(kind.greatest, grid.column.greatest)};
}

// MINVALUE and MAXVALUE stand for what the column can't hold.
Position within_range(const Grid& grid, Position position) {
  const Range range = range_of(grid);
  if (position < range.least) return kMinimum;
  const Position rounded = representable(grid.kind, position);
  return rounded > range.greatest ? kMaximum : rounded;
}

// `local` moved by so many months or days, at most to the ends of int64.
Microseconds moved_local(Microseconds local, const Step& step, Index times) {
  if (step.days > 0) return saturated(local + times * step.days * kDay);
  return plus_months(local, saturated(times * step.months));
}

// The boundary of that number. Never decreases with the number.
Position boundary(const Grid& grid, Index number) {
  if (grid.step.units > 0) return within_range(grid, saturated(grid.anchor + number * grid.step.units));
  return within_range(grid, instant_of(grid, moved_local(grid.anchor, grid.step, number)));
}

// About the number of the last boundary at or before the position.
Index number_near(const Grid& grid, Position position) {
  if (grid.step.units > 0) return floor_divided(static_cast<Index>(position) - grid.anchor, grid.step.units);
  const Microseconds local = local_time(grid, position);
  if (grid.step.days > 0)
    return floor_divided(static_cast<Index>(local) - grid.anchor, grid.step.days * kDay);
  const auto months = [](const Date& date) { return Index{date.year} * 12 + date.month; };
  return floor_divided(months(moment_of(local).date) - months(moment_of(grid.anchor).date), grid.step.months);
}

// The boundaries on both sides of a position, and the number of the lower one.
struct Cell {
  Index number;
  Position lower;  ///< at or before the position
  Position upper;  ///< after it
};

// Of any position but kMaximum.
Cell cell_of(const Grid& grid, Position position) {
  const auto [least, greatest] = range_of(grid);
  Index number = number_near(grid, std::clamp(position, least, greatest));
  Position lower = boundary(grid, number);
  Position upper = boundary(grid, number + 1);
  for (; lower > position; lower = boundary(grid, --number))
    upper = lower;
  for (; upper <= position; upper = boundary(grid, ++number + 1))
    lower = upper;
  return {number, lower, upper};
}

bool is_end(Position position) {
  return position == kMinimum || position == kMaximum;
}

// Not rounded to what the key can hold: a date of three days ago is within the last three days until its end.
Position moved(const Grid& grid, Position position, const Step& span, Index times) {
  if (is_end(position)) return position;
  const Position there = span.units > 0
                             ? saturated(position + times * span.units)
                             : instant_of(grid, moved_local(local_time(grid, position), span, times));
  const Position rounded = within_range(grid, there);
  return is_end(rounded) ? rounded : there;
}

}  // namespace

std::int64_t default_anchor(KeyKind kind, const Step& step) {
  return is_time(kind) && step.days > 0 && step.days % kDaysInWeek == 0 ? 2 * kDay : 0;
}

Microseconds local_time(const Grid& grid, Position position) {
  return has_zone(grid.kind) ? to_local(grid.zone, position) : position;
}

Position boundary_at(const Grid& grid, Position position) {
  return is_end(position) ? position : cell_of(grid, position).lower;
}

Position boundary_after(const Grid& grid, Position position) {
  return position == kMaximum ? kMaximum : cell_of(grid, position).upper;
}

bool is_boundary(const Grid& grid, Position position) {
  return boundary_at(grid, position) == position;
}

std::int64_t partitions_between(const Grid& grid, Position lower, Position upper) {
  if (upper <= lower) return 0;
  const Position first = std::max(lower, range_of(grid).least);
  const Position last = std::min(upper, range_of(grid).greatest);
  if (last <= first) return 1;
  return saturated(cell_of(grid, last - 1).number - cell_of(grid, first).number + 1);
}

Position shifted(const Grid& grid, Position position, std::int64_t steps) {
  if (is_end(position)) return position;
  const Cell cell = cell_of(grid, position);
  if (cell.lower == position) return boundary(grid, cell.number + steps);
  return moved(grid, position, grid.step, steps);
}

Position moved_back(const Grid& grid, Position position, const Step& span) {
  return moved(grid, position, span, -1);
}

Position moved_forward(const Grid& grid, Position position, const Step& span) {
  return moved(grid, position, span, 1);
}

}  // namespace deal::partition
