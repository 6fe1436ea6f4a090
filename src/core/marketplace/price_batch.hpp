/// New observations of a listing: what they change in its latest prices, which points they add to its
/// history, and what they add to its days. The same as record_new_prices() and add_to_price_daily() in SQL.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace deal::marketplace {

/// Not on offer, or no "was" price: real prices are at least 1.
inline constexpr std::int64_t no_price = 0;
/// Before all times.
inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min();

/// What was seen of a listing at a time (microseconds since 2000), or a point of its history.
struct Observation {
  std::int64_t listing = 0;
  std::int64_t at = 0;
  std::int64_t price = no_price;
  std::int64_t list_price = no_price;
  std::int32_t position = 0;  ///< where the caller gave it, from 0
};

/// A listing's latest prices, as its row has them.
struct ListingPrices {
  std::int64_t price = no_price;
  std::int64_t list_price = no_price;
  std::int64_t previous = no_price;
  std::int64_t low_30 = no_price;
  std::int64_t low_90 = no_price;
  std::int64_t low_365 = no_price;
  std::int64_t low_all = no_price;
  std::int64_t changed_at = never;
  std::int64_t seen_at = never;
};

/// The lowest prices of the 30, 90 and 365 days before a moment, found from the newest point back: only as
/// many are looked at as can still lower one of them.
class LowSearch {
 public:
  /// `known`: the listing's row before; its lows bound from below what its older points can give.
  LowSearch(std::int64_t moment, const ListingPrices& known);
  /// The next older point, or a moment at which the price is known to have held; it held up to `end`
  /// (`never`: it holds at the moment).
  void look_at(std::int64_t at, std::int64_t price, std::int64_t end);
  /// No older point can change anything.
  bool settled() const;
  /// Writes the lows found.
  void store(ListingPrices& prices) const;

 private:
  static constexpr int kWindows = 3;
  std::int64_t from_[kWindows];  ///< a point counts if it held after this
  std::int64_t least_[kWindows];
  std::int64_t found_[kWindows];
  bool closed_[kWindows] = {};
};

/// What a listing's new observations do to it.
struct ListingAdvance {
  ListingPrices prices;            ///< its row afterwards; lows are still those of before if `lows_open`
  int changes = 0;                 ///< how often the price changed
  bool lows_open = false;          ///< the lows have to be searched, at prices.changed_at
  std::int64_t before = no_price;  ///< the price at the start
};

/// Applies `seen` (one listing's, sorted by time, all newer than known.seen_at) and adds the points that the
/// history gets to `points`.
ListingAdvance advance(const ListingPrices& known, std::span<const Observation> seen,
                       std::vector<Observation>& points);

/// Searches the lows as far as the listing's row before and its new points tell; `points`: those that
/// `advance` has just added. What is left open lies before known.changed_at, in the history.
LowSearch search_lows(const ListingPrices& known, const ListingAdvance& after,
                      std::span<const Observation> points);

/// What was observed of a listing on a day.
struct DaySummary {
  std::int64_t listing = 0;
  std::int32_t day = 0;  ///< days since 2000-01-01, in UTC
  std::int32_t count = 0;
  std::int32_t absent = 0;
  std::int64_t low = no_price;
  std::int64_t high = no_price;
  std::int64_t sum = 0;
  std::int64_t last = no_price;
  std::int64_t last_at = never;
};

/// The day of a time.
std::int32_t day_of(std::int64_t at) noexcept;

/// Adds the days of one listing's observations, sorted by time. A day's sum stays below 2^63 as long as there
/// are fewer than 900,000 of them.
void add_days(std::span<const Observation> seen, std::vector<DaySummary>& days);

/// Puts `more` into what is known of the same day; false if a sum or a number grows too large.
[[nodiscard]] bool merge_day(DaySummary& day, const DaySummary& more) noexcept;

}  // namespace deal::marketplace
