/// When a watch fires on a change of a price, and which of the changes of a batch its user is told. The same
/// as match_by_sql() of a marketplace. Of the past only the answers are needed here: judge() says what must
/// be asked.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/marketplace/price_batch.hpp"

namespace deal::marketplace {

/// What a watch waits for; in the order of watch_kind_names.
enum class WatchKind : std::uint8_t {
  target,
  pct_vs_prev,
  pct_vs_ref,
  lowest_in_n_days,
  historical_low,
  back_in_stock,
  any_change,
  rise,
  no_change_for
};
inline constexpr std::array watch_kind_names = {"target",           "pct_vs_prev",    "pct_vs_ref",
                                                "lowest_in_n_days", "historical_low", "back_in_stock",
                                                "any_change",       "rise",           "no_change_for"};

/// Whether it waits for a price that is low enough, not for an event: then it tells once, until it is armed
/// again.
constexpr bool is_low(WatchKind kind) {
  return kind == WatchKind::target || kind == WatchKind::pct_vs_ref || kind == WatchKind::lowest_in_n_days ||
         kind == WatchKind::historical_low;
}

/// A currency's code in the database's encoding, filled with zeros.
using Currency = std::array<char, 12>;

/// A change of a listing's price: a row of price_changes. Times are microseconds since 2000.
struct PriceMove {
  std::int64_t id = 0;
  std::int64_t product = 0;
  std::int64_t listing = 0;
  std::int64_t at = 0;
  std::int64_t was = no_price;
  std::int64_t price = no_price;
  std::int64_t low_30 = no_price;  ///< the lowest in 30 days, this price included
  std::int64_t low_90 = no_price;
  std::int64_t low_365 = no_price;
  std::int64_t low_all = no_price;
  std::int64_t retailer = 0;
  std::uint32_t condition = 0;
  Currency currency = {};
};

/// What the index on the product has of a watch.
struct WatchRule {
  WatchKind kind = WatchKind::target;
  std::int64_t threshold = no_price;  ///< the highest price that is low enough
  std::int64_t percent = 0;           ///< hundredths of a percent; 0: none; below: no number, never reached
};

/// The rest of its row.
struct Watch {
  WatchRule rule;
  std::int64_t min_change = 0;
  std::int64_t days = 0;
  std::span<const std::int64_t> retailers;    ///< where of_some_retailers
  std::span<const std::uint32_t> conditions;  ///< where of_some_conditions
  std::int64_t paused_until = never;
  std::int64_t expires_at = 0;  ///< where it expires
  std::int64_t rearms_at = 0;   ///< where it rearms and something was told
  std::int64_t told_price = no_price;
  std::int64_t told_listing = 0;
  std::int64_t most_a_day = 0;  ///< where it is capped
  std::int64_t used_today = 0;
  Currency currency = {};
  bool of_some_retailers = false;  ///< else of all
  bool of_some_conditions = false;
  bool expires = false;
  bool rearms = false;  ///< whether time arms it again
  bool told = false;
  bool capped = false;
};

/// Whether a watch fires, provided that the past says yes to what is asked of it.
struct Verdict {
  bool fires = false;
  bool ask_rise = false;     ///< was the listing told last dearer than the hysteresis since?
  bool ask_lowest = false;   ///< was no price of the listing in the watch's days lower?
  bool ask_earlier = false;  ///< did the listing have a price before?
};

/// Where prices must have been to arm a low price again: above this, in hundredths of a percent of an amount.
/// hysteresis: hundredths of a percent; below 0: no number, nothing is above.
constexpr bool is_above(std::int64_t price, std::int64_t base, std::int64_t hysteresis) {
  return price != no_price && base != no_price && hysteresis >= 0 &&
         price * 10'000 > base * (10'000 + hysteresis);
}

/// Of each listing the last change, with the price before its first; none where that is the same price. In
/// the order of products.
void merge_moves(std::vector<PriceMove>& moves);

/// Whether a watch may fire, by its index entry alone. What it says no to never fires.
bool may_fire(const WatchRule& rule, const PriceMove& move);

/// Whether it does, at a moment; after may_fire().
Verdict judge(const Watch& watch, const PriceMove& move, std::int64_t moment);

/// A watch that fires on a change.
struct Firing {
  std::int64_t watch = 0;
  std::size_t move = 0;   ///< its place among the moves
  std::size_t row = 0;    ///< for the caller
  bool low = false;       ///< a low price: the lowest is told
  std::int64_t most = 0;  ///< so many may be told
  std::int64_t used_today = 0;
  std::int64_t nth = 0;  ///< which one of its watch's it is, from 1
  bool last = false;     ///< the last one of its watch
};

/// How many alerts a watch may make of one batch.
std::int64_t most_of_batch(const Watch& watch);

/// Keeps those that are told: of each watch the lowest price or the first events, as many as may be. Sets nth
/// and last.
void keep_told(std::vector<Firing>& firings, std::span<const PriceMove> moves);

}  // namespace deal::marketplace
