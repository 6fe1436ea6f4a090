#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "core/base/random.hpp"
#include "core/marketplace/price_series.hpp"

// Labelled price histories. A listing's true price is a product of what happens to it (noise, promotions,
// seasons, repricing, what its class is about); a crawler looks at it now and then and notes the changes.
// Nothing here knows how deals are scored.
namespace deal::test {

enum class ListingKind {
  real_deal,
  seasonal_low,
  glitch_then_deal,  // up to here: genuine
  fake_raise,
  always_on_sale,
  tiny_drop,
  new_product,
  ordinary,
  glitch_only
};
inline constexpr int listing_kinds = 9;
inline constexpr std::array<const char*, listing_kinds> listing_kind_names{
    "real deal", "seasonal low", "glitch then deal", "fake raise", "always on sale",
    "tiny drop", "new product",  "ordinary",         "glitch only"};
inline bool is_genuine(ListingKind kind) {
  return kind <= ListingKind::glitch_then_deal;
}

struct Listing {
  ListingKind kind = ListingKind::ordinary;
  std::vector<marketplace::PricePoint> points;
  std::int64_t at = 0;       // now
  std::int64_t claimed = 0;  // the price that the shop strikes through
};

/// Makes listings; times within are days before now (negative).
class ListingSimulator {
 public:
  explicit ListingSimulator(std::uint64_t seed) : random_(seed) {}

  Listing make(ListingKind kind) {
    kind_ = kind;
    effects_.clear();
    start_ =
        kind == ListingKind::new_product ? -between(2, 40) : -std::exp(between(std::log(75), std::log(800)));
    if (kind == ListingKind::seasonal_low) start_ = -between(200, 800);
    double const base = std::exp(between(std::log(300), std::log(300000)));  // minor units
    claimed_factor_ = 1;
    make_noise();
    make_happenings();
    make_now();
    return observe(base);
  }

 private:
  /// A factor on the price from one day to another; `swing`: of a bell over the year instead, centred at
  /// `from`.
  struct Effect {
    double from;
    double to;
    double log_factor;
    double bell_days = 0;
  };

  double between(double low, double high) { return low + (high - low) * random_.uniform(); }
  double normal() {
    double const u = 1 - random_.uniform();
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * random_.uniform());
  }
  void add(double from, double to, double log_factor) { effects_.push_back({from, to, log_factor}); }

  /// Four regimes: hardly ever repriced, now and then, steady small moves, busy repricing by a competitor's
  /// robot.
  void make_noise() {
    static constexpr std::array<double, 4> pause{45, 9, 3, 0.6};
    static constexpr std::array<double, 4> least{0.01, 0.01, 0.01, 0.015};
    static constexpr std::array<double, 4> most{0.03, 0.035, 0.035, 0.05};
    std::size_t const regime = random_.below(4);
    double const sigma = between(least[regime], most[regime]);
    drift_ = between(-0.1, 0.1) / 365;
    noise_.clear();
    double level = normal() * sigma;
    for (double day = start_; day < 0; day += -pause[regime] * std::log(1 - random_.uniform())) {
      noise_.push_back({day, day, level});
      level = 0.7 * level + std::sqrt(1 - 0.49) * sigma * normal();
    }
  }

  /// What happens to any listing: a promotion now and then, in one of seven a lasting change of its level.
  void make_happenings() {
    if (kind_ == ListingKind::new_product) return;
    if (kind_ ==
        ListingKind::tiny_drop) {  // a little below a promotion, or below an older level, would be a deal
      drift_ = std::min(drift_, 0.0);
      return;
    }
    double const promotions_a_year = between(0, 3);
    for (double day = start_; (day += -365 / promotions_a_year * std::log(1 - random_.uniform())) < -25;)
      add(day, std::min(day + between(2, 8), -20.0), std::log(1 - between(0.05, 0.25)));
    if (random_.below(7) == 0 && start_ < -150) add(start_, between(start_ + 20, -110), between(-0.2, 0.2));
    if (kind_ == ListingKind::glitch_then_deal || kind_ == ListingKind::glitch_only) add_glitches();
  }

  void add_glitches() {
    for (std::uint64_t n = 1 + random_.below(6); n > 0; --n) {
      double const day = between(start_, -1);
      double const factor = random_.below(4) == 0 ? between(1.8, 10) : between(0.01, 0.6);
      add(day, std::min(day + between(0.04, 1.5), -0.5), std::log(factor));
    }
  }

  void sale(double since, double depth) {
    add(since, 1, std::log(1 - depth));
    claimed_factor_ /= 1 - depth;
  }

  void make_now() {
    switch (kind_) {
      case ListingKind::real_deal:
      case ListingKind::glitch_then_deal:
        return sale(-between(0.02, 14), between(0.12, 0.45));
      case ListingKind::seasonal_low:
        return make_season();
      case ListingKind::fake_raise:
        return make_fake_raise();
      case ListingKind::always_on_sale:
        return make_eternal_sale();
      case ListingKind::new_product:
        return sale(-between(0.02, 0.5) * -start_, between(0.1, 0.5));
      default:
        return;
    }
  }

  void make_season() {
    if (random_.below(2) == 0) {  // an event: the same week every year
      double const since = -between(0.02, 8);
      double const depth = between(0.12, 0.4);
      double const lasts = between(9, 16);
      sale(since, depth);
      for (double year = -365; year > start_; year -= 365)
        add(since + year, since + year + lasts, std::log(1 - depth * between(0.8, 1.1)));
      return;
    }
    double const center = between(-8, 8);  // out of season: sinks over weeks and comes back
    double const depth = between(0.15, 0.4);
    for (double year = 0; year > start_ - 60; year -= 365)
      effects_.push_back({center + year, 0, std::log(1 - depth), between(14, 24)});
    claimed_factor_ = 1 / (1 - depth);
  }

  void make_fake_raise() {
    double const since = -between(0.02, 12);
    double const raise = between(0.12, 0.7);
    add(since - between(3, 60), since, std::log(1 + raise));
    double const now = between(0.97, 1.04);
    add(since, 1, std::log(now));
    claimed_factor_ = (1 + raise) / now;
  }

  void make_eternal_sale() {
    double const depth = between(0.15, 0.5);
    double const share = between(0.3, 0.85);
    double const cycle = between(8, 40);
    double const since = -between(0.02, share * cycle);
    sale(since, depth);
    for (double end = since - (1 - share) * cycle; end > start_; end -= cycle * between(0.8, 1.2))
      add(end - share * cycle, end, std::log(1 - depth * between(0.85, 1.1)));
  }

  double true_log(double day, std::size_t& noise_at) const {
    while (noise_at + 1 < noise_.size() && noise_[noise_at + 1].from <= day)
      ++noise_at;
    double sum = noise_[noise_at].log_factor + drift_ * day;
    for (Effect const& effect : effects_) {
      if (effect.bell_days > 0)
        sum += effect.log_factor * std::exp(-0.5 * std::pow((day - effect.from) / effect.bell_days, 2));
      else if (effect.from <= day && day < effect.to)
        sum += effect.log_factor;
    }
    return sum;
  }

  std::int64_t price_in_shop(double base, double day, std::size_t& noise_at) const {
    double price = base * std::exp(true_log(day, noise_at));
    if (price > 2000) price = std::round(price / 10) * 10 - 1;  // 24.99 looks cheaper than 25.00
    return std::max<std::int64_t>(1, std::llround(price));
  }

  /// The crawler looks every so often, not quite regularly; sometimes the listing is out of stock.
  Listing observe(double base) {
    static constexpr std::array<double, 4> pauses{0.1, 0.25, 1, 3};
    double const pause = pauses[random_.below(4)];
    double const gaps_a_year = random_.below(3) == 0 ? between(1, 6) : 0;
    double out_until = start_ - 1;
    Listing listing;
    listing.kind = kind_;
    std::size_t noise_at = 0;
    std::int64_t last = 0;
    for (double day = start_; day < 0; day += pause * between(0.7, 1.3)) {
      if (random_.uniform() < gaps_a_year * pause / 365 && day < -15)
        out_until = std::min(day + between(1, 25), -14.0);
      bool const out = day < out_until;
      note(listing, day, out ? 0 : price_in_shop(base, day, noise_at), last);
    }
    std::int64_t now = price_in_shop(base, -0.001, noise_at);
    if (kind_ == ListingKind::tiny_drop) now = below_all(listing);
    listing.claimed = std::llround(static_cast<double>(now) * std::max(claimed_factor_, 1.0));
    note(listing, -0.001, now, last);
    return listing;
  }

  /// Zero: out of stock.
  static void note(Listing& listing, double day, std::int64_t price, std::int64_t& last) {
    if (price == last) return;
    last = price;
    listing.points.push_back({static_cast<std::int64_t>(day * 86'400e6),
                              price == 0 ? std::nullopt : std::optional<std::int64_t>(price)});
  }

  std::int64_t below_all(const Listing& listing) {
    std::int64_t lowest = INT64_MAX;
    for (marketplace::PricePoint const& point : listing.points)
      lowest = std::min(lowest, point.price.value_or(INT64_MAX));
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(lowest) * (1 - between(0.002, 0.04))));
  }

  Random random_;
  ListingKind kind_ = ListingKind::ordinary;
  double start_ = 0;
  double drift_ = 0;
  double claimed_factor_ = 1;
  std::vector<Effect> noise_;
  std::vector<Effect> effects_;
};

}  // namespace deal::test
