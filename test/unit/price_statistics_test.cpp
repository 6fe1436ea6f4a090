// Prices as step functions, and statistics that weigh them by time.

#include "core/marketplace/price_statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "core/base/error.hpp"
#include "core/base/random.hpp"

namespace deal::marketplace {
namespace {

using Points = std::vector<PricePoint>;
constexpr std::int64_t first_time = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t last_time = std::numeric_limits<std::int64_t>::max();

std::string refusal(const Points& points) {
  try {
    check_series(points);
  } catch (const Error& error) {
    return error.sqlstate();
  }
  return "";
}

TEST(PriceSeries, SortedPricesAndGapsAreAccepted) {
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal({{first_time, 0}, {0, std::nullopt}, {last_time, last_time}}), "");
}

TEST(PriceSeries, TwoPricesAtOneTimeAreRefused) {
  EXPECT_EQ(refusal({{5, 1}, {5, 1}}), "22023");
}

TEST(PriceSeries, UnsortedIsRefused) {
  EXPECT_EQ(refusal({{5, 1}, {4, 1}}), "22023");
}

TEST(PriceSeries, NegativePriceIsRefused) {
  EXPECT_EQ(refusal({{5, -1}}), "22023");
}

TEST(PriceSeries, PriceIsCarriedFromTheLastPoint) {
  Points const points{{10, 7}, {20, std::nullopt}};
  EXPECT_EQ(price_at(points, 9), std::nullopt);
  EXPECT_EQ(price_at(points, 10), 7);
  EXPECT_EQ(price_at(points, 19), 7);
  EXPECT_EQ(price_at(points, 20), std::nullopt);
}

TEST(PriceSeries, PiecesAreClippedAndInStock) {
  Points const points{{0, 5}, {10, std::nullopt}, {15, 6}, {20, 6}, {30, 8}};
  std::vector<PricePiece> const pieces = pieces_in(points, 4, 33);
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(pieces[0].from, 4);
  EXPECT_EQ(pieces[0].to, 10);
  EXPECT_EQ(pieces[1].from, 15);
  EXPECT_EQ(pieces[1].to, 30);
  EXPECT_EQ(pieces[2].to, 33);
  EXPECT_EQ(pieces[2].price, 8);
}

TEST(PriceSeries, EmptyWindowHasNoPieces) {
  EXPECT_TRUE(pieces_in(Points{{0, 5}}, 7, 7).empty());
}

TEST(PriceSeries, TimeBeforeStopsAtTheFirstTime) {
  EXPECT_EQ(time_before(first_time + 5, 6), first_time);
  EXPECT_EQ(time_before(last_time, elapsed(first_time, last_time)), first_time);
  EXPECT_EQ(time_before(10, 3), 7);
}

TEST(PriceSeries, LevelReachesOverGapsToTheFirstOfItsPrice) {
  Points const points{{0, 5}, {10, 6}, {20, std::nullopt}, {30, 6}, {40, std::nullopt}};
  PriceLevel const level = last_level(points).value_or(PriceLevel{});
  EXPECT_EQ(level.price, 6);
  EXPECT_EQ(level.start, 10);
  EXPECT_EQ(level.points, 1U);
  EXPECT_TRUE(level.after_another);
}

TEST(PriceStatistics, WeighsByTime) {
  Points const points{{0, 100}, {90, 10}, {91, 20}, {92, 30}};
  std::vector<double> const shares{0.0, 0.05, 0.1, 1.0};
  PriceStatistics const s = price_statistics(points, 0, 100, shares);
  EXPECT_EQ(s.min, 10);
  EXPECT_EQ(s.max, 100);
  EXPECT_EQ(s.median, 100);
  EXPECT_EQ(s.mad, 0);
  EXPECT_DOUBLE_EQ(s.mean.value_or(0), (90 * 100 + 10 + 20 + 8 * 30) / 100.0);
  EXPECT_EQ(s.quantiles, (std::vector<std::int64_t>{10, 30, 30, 100}));
  EXPECT_EQ(s.changes, 3U);
}

TEST(PriceStatistics, MedianIsTheSmallestWithHalfTheTime) {
  EXPECT_EQ(price_statistics(Points{{0, 3}, {5, 9}}, 0, 10).median, 3);
  EXPECT_EQ(price_statistics(Points{{0, 3}, {5, 9}}, 0, 11).median, 9);
}

TEST(PriceStatistics, GapsAreNeitherPricesNorChanges) {
  PriceStatistics const s = price_statistics(Points{{0, 3}, {10, std::nullopt}, {30, 3}}, -10, 40);
  EXPECT_EQ(s.in_stock, 20U);
  EXPECT_EQ(s.known, 40U);
  EXPECT_DOUBLE_EQ(s.in_stock_share, 0.5);
  EXPECT_EQ(s.changes, 0U);
}

TEST(PriceStatistics, NothingOnOfferHasNoPrices) {
  std::vector<double> const shares{0.5};
  PriceStatistics const s = price_statistics(Points{{0, std::nullopt}}, 0, 10, shares);
  EXPECT_FALSE(s.min || s.median || s.mean || s.mad);
  EXPECT_TRUE(s.quantiles.empty());
  EXPECT_EQ(s.known, 10U);
}

TEST(PriceStatistics, LargestPricesOverAllTimeAreExact) {
  Points const points{{first_time, last_time}, {last_time / 2, last_time - 2}};
  PriceStatistics const s = price_statistics(points, first_time, last_time);
  EXPECT_EQ(s.max, last_time);
  EXPECT_EQ(s.median, last_time);
  EXPECT_EQ(s.mad, 0);
  EXPECT_EQ(s.mean, static_cast<double>(last_time));
  EXPECT_EQ(s.known, elapsed(first_time, last_time));
}

TEST(PriceStatistics, EmptyWindowIsRefused) {
  EXPECT_THROW(price_statistics(Points{{0, 1}}, 10, 10), Error);
}

TEST(PriceStatistics, ShareOutsideZeroToOneIsRefused) {
  std::vector<double> const above{1.01};
  std::vector<double> const none{std::numeric_limits<double>::quiet_NaN()};
  EXPECT_THROW(price_statistics(Points{{0, 1}}, 0, 10, above), Error);
  EXPECT_THROW(price_statistics(Points{}, 0, 10, none), Error);
}

Points random_points(Random& random) {
  Points points;
  std::int64_t time = static_cast<std::int64_t>(random.below(20));
  for (std::uint64_t n = random.below(12); n > 0; --n, time += 1 + static_cast<std::int64_t>(random.below(9)))
    points.push_back(
        {time, random.below(5) == 0 ? std::nullopt : std::optional<std::int64_t>(random.below(9))});
  return points;
}

/// The price in every unit of time, sorted: what the statistics are by definition.
std::vector<std::int64_t> every_price(const Points& points, int from, int to) {
  std::vector<std::int64_t> prices;
  for (int time = from; time < to; ++time) {
    std::optional<std::int64_t> price;
    for (PricePoint const& point : points)
      if (point.time <= time) price = point.price;
    if (price) prices.push_back(*price);
  }
  std::sort(prices.begin(), prices.end());
  return prices;
}

TEST(PriceStatistics, RandomSeriesAgreeWithLookingAtEveryMoment) {
  Random random(1);
  for (int round = 0; round < 3000; ++round) {
    Points const points = random_points(random);
    std::vector<double> const shares{0.25, 0.9};
    PriceStatistics const s = price_statistics(points, 10, 70, shares);
    std::vector<std::int64_t> prices = every_price(points, 10, 70);
    ASSERT_EQ(s.in_stock, prices.size());
    if (prices.empty()) continue;
    auto const median = [](const std::vector<std::int64_t>& sorted) {
      return sorted[(sorted.size() + 1) / 2 - 1];
    };
    ASSERT_EQ(s.min, prices.front());
    ASSERT_EQ(s.max, prices.back());
    ASSERT_EQ(s.median, median(prices));
    ASSERT_EQ(s.quantiles[0], prices[(prices.size() + 3) / 4 - 1]);
    ASSERT_EQ(s.quantiles[1], prices[(prices.size() * 9 + 9) / 10 - 1]);
    for (std::int64_t& price : prices)
      price = price > *s.median ? price - *s.median : *s.median - price;
    std::sort(prices.begin(), prices.end());
    ASSERT_EQ(s.mad, median(prices));
  }
}

}  // namespace
}  // namespace deal::marketplace
