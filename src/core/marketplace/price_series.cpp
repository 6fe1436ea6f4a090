#include "core/marketplace/price_series.hpp"

#include <algorithm>
#include <limits>

#include "core/base/error.hpp"
#include "core/base/interrupt.hpp"

namespace deal::marketplace {

std::int64_t time_before(std::int64_t time, std::uint64_t microseconds) noexcept {
  constexpr std::int64_t first = std::numeric_limits<std::int64_t>::min();
  if (elapsed(first, time) < microseconds) return first;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(time) - microseconds);
}

std::uint64_t days_in_microseconds(std::int64_t days) {
  if (days < 1) throw Error("22023", "a period must have at least one day");
  constexpr std::uint64_t longest = std::numeric_limits<std::uint64_t>::max();
  auto const count = static_cast<std::uint64_t>(days);
  return count > longest / microseconds_per_day ? longest : count * microseconds_per_day;
}

void check_series(PriceSeries series) {
  InterruptPoll poll;
  for (std::size_t i = 0; i < series.size(); ++i) {
    poll.step();
    if (i > 0 && series[i].time <= series[i - 1].time)
      throw Error("22023", "prices must be sorted by time, with one price at a time");
    if (series[i].price.value_or(0) < 0)
      throw Error("22023", "prices must not be negative").hint("Not on offer is a null price.");
  }
}

PriceSeries points_until(PriceSeries series, std::int64_t at) {
  auto const later = std::upper_bound(series.begin(), series.end(), at,
                                      [](std::int64_t time, PricePoint const& p) { return time < p.time; });
  return series.first(static_cast<std::size_t>(later - series.begin()));
}

std::optional<std::int64_t> price_at(PriceSeries series, std::int64_t at) {
  PriceSeries const known = points_until(series, at);
  return known.empty() ? std::nullopt : known.back().price;
}

std::vector<PricePiece> pieces_in(PriceSeries series, std::int64_t from, std::int64_t to) {
  std::vector<PricePiece> pieces;
  std::size_t const before = points_until(series, from).size();
  InterruptPoll poll;
  for (std::size_t i = before == 0 ? 0 : before - 1; i < series.size() && series[i].time < to; ++i) {
    poll.step();
    if (!series[i].price) continue;
    std::int64_t const begin = std::max(from, series[i].time);
    std::int64_t const end = i + 1 < series.size() ? std::min(to, series[i + 1].time) : to;
    if (begin >= end) continue;
    if (!pieces.empty() && pieces.back().to == begin && pieces.back().price == *series[i].price)
      pieces.back().to = end;
    else
      pieces.push_back({begin, end, *series[i].price});
  }
  return pieces;
}

std::optional<PriceLevel> last_level(PriceSeries series) {
  std::optional<PriceLevel> level;
  InterruptPoll poll;
  for (std::size_t i = series.size(); i > 0; --i) {
    poll.step();
    PricePoint const& point = series[i - 1];
    if (!point.price) continue;
    if (!level) level.emplace().price = *point.price;
    if (*point.price != level->price) {
      level->after_another = true;
      break;
    }
    level->start = point.time;
    level->points = i - 1;
  }
  return level;
}

}  // namespace deal::marketplace
