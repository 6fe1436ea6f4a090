// What must not change the deal score, on random series.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "core/base/random.hpp"
#include "core/marketplace/deal_score.hpp"
#include "core/marketplace/price_statistics.hpp"
#include "price_simulation.hpp"

namespace deal::marketplace {
namespace {

using test::ListingKind;
using Points = std::vector<PricePoint>;
constexpr std::int64_t day = 86'400'000'000;

/// Some that are like listings, some wild ones with few prices, ties and gaps.
Points random_points(Random& random) {
  if (random.below(2) == 0) {
    auto const kind = static_cast<ListingKind>(random.below(test::listing_kinds));
    return test::ListingSimulator(random.next()).make(kind).points;
  }
  Points points;
  std::uint64_t const levels = 2 + random.below(12);
  std::int64_t const pause = 1 + static_cast<std::int64_t>(random.below(400));
  std::int64_t time = 0;
  for (std::uint64_t n = 1 + random.below(60); n > 0; --n) {
    time -= (1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(pause)))) * day / 24;
    bool const gap = random.below(8) == 0 && !points.empty();
    points.push_back(
        {time, gap ? std::nullopt : std::optional<std::int64_t>(random.below(levels) * 50 + 300)});
  }
  std::reverse(points.begin(), points.end());
  points.back().price = points.back().price.value_or(300);
  return points;
}

double score(const Points& points, std::int64_t at = 0) {
  return deal_score(points, at).score;
}

/// Calls `check(points, random)` on many series.
template <typename Check>
void on_random_series(std::uint64_t seed, Check check) {
  Random random(seed);
  for (int round = 0; round < 2000 && !::testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(round);
    check(random_points(random), random);
  }
}

TEST(DealScoreProperty, NeverRisesWithThePresentPrice) {
  on_random_series(1, [](Points points, Random& random) {
    std::vector<std::int64_t> prices;
    prices.reserve(30);
    for (int i = 0; i < 20; ++i)  // those of the past and just beside, and any
      prices.push_back(points[random.below(points.size())].price.value_or(500) +
                       std::int64_t(random.below(3)) - 1);
    for (int i = 0; i < 10; ++i)
      prices.push_back(std::llround(double(prices[0]) * (0.2 + 1.5 * random.uniform())));
    std::sort(prices.begin(), prices.end());
    double last = 100;
    for (std::int64_t const price : prices) {
      points.back().price = price;
      double const now = score(points);
      ASSERT_LE(now, last + 1e-9) << price;
      last = now;
    }
  });
}

TEST(DealScoreProperty, CurrencyScaleDoesNotMatter) {
  on_random_series(2, [](Points points, Random&) {
    double const before = score(points);
    for (int power = 1; power <= 2; ++power) {
      for (PricePoint& point : points)
        if (point.price) *point.price *= 10;
      ASSERT_NEAR(score(points), before, 1e-9);
    }
  });
}

TEST(DealScoreProperty, OriginOfTimeDoesNotMatter) {
  on_random_series(3, [](Points points, Random& random) {
    double const before = score(points);
    auto const shift = static_cast<std::int64_t>(random.next() >> 3);
    for (PricePoint& point : points)
      point.time += shift;
    ASSERT_EQ(score(points, shift), before);
  });
}

TEST(DealScoreProperty, ObservingAPriceAgainDoesNotMatter) {
  on_random_series(4, [](const Points& points, Random& random) {
    Points more;
    for (std::size_t i = 0; i < points.size(); ++i) {
      more.push_back(points[i]);
      std::int64_t const end = i + 1 < points.size() ? points[i + 1].time : 0;
      for (std::int64_t time = points[i].time; random.below(3) > 0;) {
        time += 1 + static_cast<std::int64_t>(random.below(elapsed(time, end)));
        if (time >= end) break;
        more.push_back({time, points[i].price});
      }
    }
    ASSERT_EQ(score(more), score(points));
  });
}

/// With a span out of stock put in at `cut`: all before it is moved back.
Points with_gap(const Points& points, std::int64_t cut, std::int64_t length) {
  Points result;
  for (PricePoint const& point : points)
    if (point.time < cut) result.push_back({point.time - length, point.price});
  std::optional<std::int64_t> const carried = price_at(points, cut);
  result.push_back({cut - length, std::nullopt});
  if (points_until(points, cut).back().time != cut) result.push_back({cut, carried});
  for (PricePoint const& point : points)
    if (point.time >= cut) result.push_back(point);
  return result;
}

TEST(DealScoreProperty, SpansOutOfStockDoNotMatter) {
  on_random_series(5, [](const Points& points, Random& random) {
    std::int64_t const cut =
        points[0].time + static_cast<std::int64_t>(random.below(elapsed(points[0].time, 0)));
    auto const length = 1 + static_cast<std::int64_t>(random.below(300 * microseconds_per_day));
    if (cut == points[0].time) return;
    ASSERT_EQ(score(with_gap(points, cut, length)), score(points));
  });
}

/// Overwrites [from, to) of a series, of which it must be a part.
void overwrite(Points& points, std::int64_t from, std::int64_t to, std::int64_t price) {
  std::optional<std::int64_t> const after = price_at(points, to);
  std::erase_if(points, [&](PricePoint const& p) { return p.time >= from && p.time <= to; });
  auto const place =
      std::find_if(points.begin(), points.end(), [&](PricePoint const& p) { return p.time > to; });
  points.insert(place, {PricePoint{from, price}, PricePoint{to, after}});
}

/// True if it was on offer all the time, at prices of which none is `ratio` of another or more.
bool is_steady(const Points& points, std::int64_t from, std::int64_t to, double ratio) {
  PriceStatistics const s = price_statistics(points, from, to);
  return s.in_stock == elapsed(from, to) &&
         static_cast<double>(s.max.value_or(0)) < ratio * static_cast<double>(s.min.value_or(0));
}

/// Glitches of less than two days each in a twentieth of the time on offer or less: each `apart` days or more
/// from the next, and where in so many days on either side the price was steady (see is_steady).
Points with_glitches(const Points& points, Random& random, double apart, double ratio) {
  auto const margin = static_cast<std::int64_t>(apart * one_day);
  std::int64_t const first = std::max(points[0].time, -364 * day);
  Points result = points;
  double left = 0.05 * static_cast<double>(price_statistics(points, first, 0).in_stock);
  for (std::int64_t to = 0;;) {
    to -= margin + static_cast<std::int64_t>(30 * random.uniform() * one_day * random.uniform());
    double const length = std::min(left, (0.04 + 1.9 * random.uniform()) * one_day);
    std::int64_t const from = to - static_cast<std::int64_t>(length);
    if (from - margin <= first || length < 1) return result;
    if (!is_steady(points, from - margin, to + margin, ratio)) continue;
    overwrite(result, from, to, random.below(3) > 0 ? 1 + std::int64_t(random.below(150)) : 100'000'000);
    left -= length;
    to = from;
  }
}

TEST(DealScoreProperty, IsolatedGlitchesInATwentiethOfTheTimeHardlyMatter) {
  double worst = 0;
  int touched = 0;
  on_random_series(6, [&](const Points& points, Random& random) {
    Points const glitchy = with_glitches(points, random, 2, 1.1);
    double const change = std::abs(score(glitchy) - score(points));
    touched += glitchy.size() > points.size() ? 1 : 0;
    worst = std::max(worst, change);
    ASSERT_LE(change, 5);
  });
  EXPECT_GT(touched, 500);
  std::printf("  most that isolated glitches changed a score: %.2f (%d series)\n", worst, touched);
}

/// A glitch beside a change of price, or beside another glitch, may hide the change: then nobody can tell.
TEST(DealScoreProperty, GlitchesAnywhereSeldomMatter) {
  int touched = 0;
  int moved = 0;
  on_random_series(7, [&](const Points& points, Random& random) {
    Points const glitchy = with_glitches(points, random, 0.5, 1e6);
    touched += glitchy.size() > points.size() ? 1 : 0;
    moved += std::abs(score(glitchy) - score(points)) > 5 ? 1 : 0;
  });
  EXPECT_LE(moved, touched / 50);
  std::printf("  glitches anywhere moved %d of %d scores by more than 5\n", moved, touched);
}

}  // namespace
}  // namespace deal::marketplace
