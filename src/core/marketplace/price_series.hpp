/// A listing's price over time: a step function made of change points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace deal::marketplace {

/// Times are microseconds, as the server's timestamps are; of any epoch, the same in one call.
inline constexpr std::uint64_t microseconds_per_day = 86'400'000'000;

/// From `time` on, to the next point, the listing has this price.
struct PricePoint {
  std::int64_t time = 0;
  std::optional<std::int64_t> price;  ///< in minor units; none: not on offer
};

/// Points sorted strictly by time. Before the first one nothing is known, which is the same as not on offer
/// except where a function says otherwise.
using PriceSeries = std::span<const PricePoint>;

/// A stretch of time [from, to) at one price.
struct PricePiece {
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::int64_t price = 0;
};

/// Microseconds from `from` to `to`, which must not be before it. Exact for all times: such a difference
/// needs up to 64 bits.
constexpr std::uint64_t elapsed(std::int64_t from, std::int64_t to) noexcept {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

/// The time that many microseconds before `time`; the first of all times if that is before it.
std::int64_t time_before(std::int64_t time, std::uint64_t microseconds) noexcept;

/// That many days in microseconds, the longest of all durations if that is longer.
/// Errors: 22023 if there is not at least one day.
std::uint64_t days_in_microseconds(std::int64_t days);

/// Errors: 22023 if a point is not later than the one before it, or a price is negative.
void check_series(PriceSeries series);

/// The points that hold at `at`: those not later. O(log n).
PriceSeries points_until(PriceSeries series, std::int64_t at);

/// The price at a time, carried from the last point that is not later; none if it was not on offer or that is
/// not known. O(log n).
std::optional<std::int64_t> price_at(PriceSeries series, std::int64_t at);

/// What was on offer in [from, to), in order of time: the price carried into the window first, everything
/// clipped to it, nothing where it was out of stock. Touching pieces have different prices, so that observing
/// a price again changes nothing. None if the window is empty. O(log n + points in the window).
std::vector<PricePiece> pieces_in(PriceSeries series, std::int64_t from, std::int64_t to);

/// A price that was held, over spans out of stock too, and what was before it.
struct PriceLevel {
  std::int64_t price = 0;
  std::int64_t start = 0;      ///< when it became this price, by a change or as the first price known
  std::size_t points = 0;      ///< how many points of the series are before `start`
  bool after_another = false;  ///< there is an earlier price, which then is another one
};

/// The level that the last price of a series belongs to; points at its end that are out of stock are passed
/// over. None if nothing was ever on offer. Time: the points of the level.
std::optional<PriceLevel> last_level(PriceSeries series);

}  // namespace deal::marketplace
