#include "core/marketplace/prior_price.hpp"

#include <algorithm>

#include "core/base/interrupt.hpp"

namespace deal::marketplace {
namespace {

/// Goes back over the row of reductions that led to a level, and says where the first of them began.
std::int64_t first_reduction(PriceSeries series, PriceLevel level, int& reductions) {
  std::int64_t start = level.start;
  InterruptPoll poll;
  while (level.after_another) {
    poll.step();
    PriceLevel const before = *last_level(series.first(level.points));
    if (before.price < level.price) break;
    start = level.start;
    ++reductions;
    level = before;
  }
  return start;
}

std::optional<std::int64_t> lowest_in(PriceSeries series, std::int64_t from, std::int64_t to) {
  std::optional<std::int64_t> lowest;
  for (PricePiece const& piece : pieces_in(series, from, to))
    lowest = std::min(lowest.value_or(piece.price), piece.price);
  return lowest;
}

/// The first time that it was on offer; there is one.
std::int64_t market_start(PriceSeries series) {
  return std::find_if(series.begin(), series.end(), [](PricePoint const& p) { return p.price.has_value(); })
      ->time;
}

void set_period(PriceSeries series, const PriorPriceOptions& options, PriorPrice& result) {
  result.from = time_before(result.to, days_in_microseconds(options.days));
  if (series.front().time <= result.from) return;
  if (options.new_goods && market_start(series) < result.to) {
    result.from = market_start(series);
    result.shorter_period = true;
  } else {
    result.insufficient_history = true;
  }
}

}  // namespace

PriorPrice prior_price(PriceSeries series, std::int64_t at, const PriorPriceOptions& options) {
  static_cast<void>(days_in_microseconds(options.days));
  PriceSeries const known = points_until(series, at);
  PriorPrice result;
  if (known.empty() || !known.back().price) return result;
  PriceLevel const level = *last_level(known);
  result.current = level.price;
  result.level_start = level.start;
  std::int64_t const first = first_reduction(known, level, result.reductions);
  result.reduced = result.reductions > 0;
  result.progressive = options.progressive && result.reductions > 1;
  result.to = result.progressive ? first : level.start;
  set_period(known, options, result);
  result.price = lowest_in(known, result.from, result.to);
  if (!result.price) result.insufficient_history = true;
  return result;
}

}  // namespace deal::marketplace
