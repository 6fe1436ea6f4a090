/// A listing's past as the deal score sees it: log prices over time on offer, without short dips and peaks.
///
/// Everything here is monotone: where a price of the series rises, no number of the history falls, and none
/// rises by more. That is why the score never rises with the present price. A rule that throws out what is
/// beyond a multiple of the MAD can't promise it: the present price moves the MAD, and with it what is thrown
/// out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/marketplace/price_series.hpp"

namespace deal::marketplace {

/// In microseconds, as all durations here: whole numbers below 2^53, whose sums are exact in any order.
inline constexpr double one_day = 86'400e6;

/// Some time at a number.
struct Stretch {
  double time = 0;
  double value = 0;
};

/// Fills dips: every stretch gets the lowest level x such that the stretches around it that are at most x, it
/// among them, last `time` together. Dips that last at least that long, and everything else, stay as they are
/// (mathematical morphology calls it closing). What is beyond both ends counts as the same for ever.
/// O(n).
std::vector<Stretch> fill_dips(std::vector<Stretch> stretches, double time);

/// The same for peaks (opening). O(n).
std::vector<Stretch> cut_peaks(std::vector<Stretch> stretches, double time);

/// Without dips and peaks shorter than `time`. A value is raised to the lowest of what is left when dips are
/// filled, when then peaks are cut, and when peaks are cut and then longer dips filled (to 7 times `time`:
/// several glitches in a row); it is lowered in the same way. So what lies between two glitches is not taken
/// for one, and a glitch within a sale leaves the sale. In the manner of Rohwer's LULU smoothers. O(n).
std::vector<Stretch> smooth(std::vector<Stretch> stretches, double time);

/// The `time` that ended `ago` before the end, in order of time, cut at both sides; less if there is less,
/// but always some stretch, if need be without time. Needs at least one stretch. O(n).
std::vector<Stretch> part_before(std::span<const Stretch> stretches, double ago, double time);

/// How long each value held, sorted.
class SortedStretches {
 public:
  /// O(n log n).
  explicit SortedStretches(std::vector<Stretch> stretches);
  /// The mean of the values between the shares `low` < `high` of the time; of the one value if no time
  /// passed. Needs at least one stretch.
  double mean_between(double low, double high) const;
  /// The smallest value with at least the share `q` of the time at or below it. Needs at least one stretch.
  double quantile(double q) const;

 private:
  double total_ = 0;
  std::vector<Stretch> sorted_;
};

/// The log of a price of `minor` units; of nothing, a number below that of every price.
double log_price(std::int64_t minor) noexcept;

/// What was on offer before now. Its prices are natural logs.
struct DealHistory {
  double now = 0;               ///< log price now
  double time = 0;              ///< on offer, at most what was asked for
  std::vector<Stretch> raw;     ///< log prices, oldest first; the last is the present price
  std::vector<Stretch> smooth;  ///< without dips and peaks, the same stretches
};

/// The last `time` (at most 2^53) on offer before `at`, whenever that was (spans out of stock take no time);
/// dips and peaks are those shorter than two days on offer. None if it is not on offer at `at`. O(n).
std::optional<DealHistory> deal_history(PriceSeries series, std::int64_t at, double time);

}  // namespace deal::marketplace
