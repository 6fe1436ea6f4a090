/// What is worth saying about a price beside its score. The score never depends on a flag.
#pragma once

#include <bitset>
#include <cstddef>
#include <vector>

#include "core/marketplace/deal_history.hpp"

namespace deal::marketplace {

enum class DealFlag : unsigned char {
  raised_before_sale,    ///< it was raised before it was reduced, to no less than what it usually is
  claimed_above_prior,   ///< the price that the shop claims as the one before is above the prior price
  dearer_than_prior,     ///< the present price is above the prior price
  insufficient_history,  ///< less than 30 days on offer are known, or not the whole period of the prior price
  suspected_glitch,  ///< an outlier of less than two days, less than 0.45 or more than 2.2 times the usual
  always_on_sale,  ///< it came down to about this price three times in a year, and was there a quarter of it
  progressive      ///< the present reduction is not the first of a row without an increase
};
inline constexpr std::size_t deal_flag_count = 7;
/// As in the enum, e.g. "always_on_sale".
const char* deal_flag_name(DealFlag flag);

/// A set of flags.
class DealFlags {
 public:
  void set(DealFlag flag, bool on) { bits_.set(static_cast<std::size_t>(flag), on); }
  bool has(DealFlag flag) const { return bits_.test(static_cast<std::size_t>(flag)); }
  bool operator==(const DealFlags& other) const { return bits_ == other.bits_; }
  /// Those that are set, in the enum's order.
  std::vector<const char*> names() const;

 private:
  std::bitset<deal_flag_count> bits_;
};

/// What is far from the median: by more than 6 MAD (times 1.4826, as for a normal distribution) and 25 %.
struct Outliers {
  double past_share = 0;    ///< share of time in outliers that lasted less than two days and ended
  bool now = false;         ///< the present price is part of one, so far less than two days long
  double now_distance = 0;  ///< of its log from the median's
};
/// O(n log n).
Outliers find_outliers(const DealHistory& history);

/// See DealFlag::always_on_sale. `cheap`: share of time at about the present price or below it. O(n).
bool is_always_on_sale(const DealHistory& history, double cheap);

/// True if, going back from now, there is a time at about the present price (at most 60 days), then one that
/// was at least 8 % dearer at its height (at most 90 days), then again one at about this price: the present
/// "sale" undoes a raise. Days are days on offer. O(n).
bool undoes_a_raise(const DealHistory& history);

}  // namespace deal::marketplace
