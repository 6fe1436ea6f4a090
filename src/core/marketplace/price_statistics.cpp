#include "core/marketplace/price_statistics.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/interrupt.hpp"

namespace deal::marketplace {

std::vector<PriceTimes::Entry> PriceTimes::accumulate(std::vector<Entry> durations) {
  std::sort(durations.begin(), durations.end(),
            [](Entry const& a, Entry const& b) { return a.price < b.price; });
  std::uint64_t total = 0;  // of disjoint pieces: fits
  for (Entry& entry : durations)
    entry.until = total += entry.until;
  return durations;
}

PriceTimes::PriceTimes(std::span<const PricePiece> pieces) {
  prices_.reserve(pieces.size());
  for (PricePiece const& piece : pieces)
    prices_.push_back({piece.price, elapsed(piece.from, piece.to)});
  prices_ = accumulate(std::move(prices_));
}

std::int64_t PriceTimes::quantile_of(const std::vector<Entry>& entries, double q) {
  // Not long double: 0.1 of 100 must be 10, not the little more that a double's 0.1 is.
  double const need = q * static_cast<double>(entries.back().until);
  auto const found = std::lower_bound(
      entries.begin(), entries.end() - 1, need,
      [](Entry const& entry, double time) { return static_cast<double>(entry.until) < time; });
  return found->price;
}

std::int64_t PriceTimes::quantile(double q) const {
  if (!(q >= 0 && q <= 1)) throw Error("22023", "a quantile's share must be between 0 and 1");
  return quantile_of(prices_, q);
}

double PriceTimes::mean() const {
  unsigned __int128 sum = 0;
  std::uint64_t before = 0;
  for (Entry const& entry : prices_) {
    sum += static_cast<unsigned __int128>(entry.until - before) * static_cast<std::uint64_t>(entry.price);
    before = entry.until;
  }
  std::uint64_t const time = prices_.back().until;
  auto const whole = static_cast<std::uint64_t>(sum / time);
  auto const rest = static_cast<std::uint64_t>(sum % time);
  return static_cast<double>(static_cast<long double>(whole) +
                             static_cast<long double>(rest) / static_cast<long double>(time));
}

std::int64_t PriceTimes::median_distance(std::int64_t center) const {
  std::vector<Entry> distances;
  distances.reserve(prices_.size());
  std::uint64_t before = 0;
  for (Entry const& entry : prices_) {
    std::int64_t const distance = entry.price < center ? center - entry.price : entry.price - center;
    distances.push_back({distance, entry.until - before});
    before = entry.until;
  }
  return quantile_of(accumulate(std::move(distances)), 0.5);
}

namespace {

std::size_t count_changes(std::span<const PricePiece> pieces) {
  std::size_t changes = 0;
  for (std::size_t i = 1; i < pieces.size(); ++i)
    changes += pieces[i].price != pieces[i - 1].price ? 1 : 0;
  return changes;
}

}  // namespace

PriceStatistics price_statistics(PriceSeries series, std::int64_t from, std::int64_t to,
                                 std::span<const double> quantiles) {
  if (from >= to) throw Error("22023", "a window's end must be after its start");
  std::vector<PricePiece> const pieces = pieces_in(series, from, to);
  PriceTimes const times(pieces);
  PriceStatistics result;
  if (!series.empty() && series.front().time < to)
    result.known = elapsed(std::max(from, series.front().time), to);
  result.in_stock = times.total();
  result.changes = count_changes(pieces);
  if (times.total() == 0) {
    for (double const q : quantiles)
      if (!(q >= 0 && q <= 1)) throw Error("22023", "a quantile's share must be between 0 and 1");
    return result;
  }
  result.in_stock_share = static_cast<double>(result.in_stock) / static_cast<double>(result.known);
  result.min = times.quantile(0);
  result.max = times.quantile(1);
  result.mean = times.mean();
  result.median = times.quantile(0.5);
  result.mad = times.median_distance(*result.median);
  for (double const q : quantiles)
    result.quantiles.push_back(times.quantile(q));
  return result;
}

}  // namespace deal::marketplace
