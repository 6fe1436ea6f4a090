/// Statistics of a price over a window, weighted by time: how often somebody looked doesn't matter, only how
/// long each price was on offer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/marketplace/price_series.hpp"

namespace deal::marketplace {

/// How long each price was on offer, sorted by price.
class PriceTimes {
 public:
  /// O(n log n).
  explicit PriceTimes(std::span<const PricePiece> pieces);

  /// Microseconds on offer, 0 if it never was.
  std::uint64_t total() const { return prices_.empty() ? 0 : prices_.back().until; }

  /// The smallest price with at least the share `q` of the time at or below it (0: the lowest, 0.5: the
  /// median). Needs total() > 0. Share times time is a double, so that shares such as 0.1 mean what they say:
  /// exact to the microsecond up to 285 years on offer, beyond that to one part in 2^53. O(log n). Errors:
  /// 22023 if `q` is not in [0, 1].
  std::int64_t quantile(double q) const;

  /// The mean, rounded once: the sum is exact (unsigned __int128 holds any 63-bit price over any 64-bit
  /// time). Needs total() > 0.
  double mean() const;

  /// The median distance from `center`, in minor units (not multiplied by 1.4826). Needs total() > 0.
  /// O(n log n).
  std::int64_t median_distance(std::int64_t center) const;

 private:
  struct Entry {
    std::int64_t price;
    std::uint64_t until;  ///< microseconds at this price or below
  };
  static std::vector<Entry> accumulate(std::vector<Entry> durations);
  static std::int64_t quantile_of(const std::vector<Entry>& entries, double q);

  std::vector<Entry> prices_;
};

/// All of this is in minor units and microseconds; none of the prices exists if it was never on offer.
struct PriceStatistics {
  std::optional<std::int64_t> min;
  std::optional<std::int64_t> max;
  std::optional<double> mean;
  std::optional<std::int64_t> median;
  std::optional<std::int64_t> mad;      ///< median absolute deviation from the median, as it is
  std::vector<std::int64_t> quantiles;  ///< one for each that was asked for; none if it was never on offer
  std::uint64_t in_stock = 0;           ///< time on offer
  std::uint64_t known = 0;              ///< the window's time from the first point on
  double in_stock_share = 0;            ///< of the known time; 0 if there is none
  std::size_t changes = 0;              ///< from one price to another within the window, over gaps too
};

/// Statistics over [from, to), of a series that check_series() accepts; `quantiles` are shares of time (see
/// PriceTimes::quantile). O(log n + k log k) for k points in the window.
/// Errors: 22023 if the window is empty or a share is not in [0, 1].
PriceStatistics price_statistics(PriceSeries series, std::int64_t from, std::int64_t to,
                                 std::span<const double> quantiles = {});

}  // namespace deal::marketplace
