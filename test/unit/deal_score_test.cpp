// The deal score: what it says of plain cases, and how the past is smoothed.

#include "core/marketplace/deal_score.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/marketplace/deal_history.hpp"

namespace deal::marketplace {
namespace {

using Points = std::vector<PricePoint>;
constexpr std::int64_t day = 86'400'000'000;

TEST(DealScore, NoDataIsFiftyWithoutConfidence) {
  DealScore const s = deal_score({}, 0);
  EXPECT_EQ(s.score, 50);
  EXPECT_EQ(s.confidence, 0);
  EXPECT_EQ(s.verdict, DealVerdict::unknown);
}

TEST(DealScore, NotOnOfferIsFifty) {
  EXPECT_EQ(deal_score(Points{{-99 * day, 100}, {-1, std::nullopt}}, 0).score, 50);
}

TEST(DealScore, FirstMomentOfAListingIsFifty) {
  EXPECT_EQ(deal_score(Points{{0, 100}}, 0).score, 50);
}

TEST(DealScore, PriceThatNeverChangedIsUsual) {
  DealScore const s = deal_score(Points{{-400 * day, 100}}, 0);
  EXPECT_EQ(s.verdict, DealVerdict::usual);
  EXPECT_EQ(s.confidence, 1);
}

TEST(DealScore, DropBelowASteadyPriceIsExcellent) {
  DealScore const s = deal_score(Points{{-400 * day, 1000}, {-day, 700}}, 0);
  EXPECT_EQ(s.verdict, DealVerdict::excellent);
  EXPECT_TRUE(s.flags.names().empty());
  EXPECT_NEAR(s.components.depth_usual, 0.3, 1e-9);
  EXPECT_NEAR(s.components.depth_prior, 0.3, 1e-9);
  EXPECT_NEAR(s.components.season.value_or(0), 0.3, 1e-9);
  EXPECT_EQ(s.prior.price, 1000);
}

TEST(DealScore, DearerThanEverIsOverpriced) {
  DealScore const s = deal_score(Points{{-400 * day, 1000}, {-day, 1300}}, 0);
  EXPECT_EQ(s.verdict, DealVerdict::overpriced);
  EXPECT_TRUE(s.flags.has(DealFlag::dearer_than_prior));
}

TEST(DealScore, RaiseBeforeASaleIsSeenAndCapped) {
  DealScore const s = deal_score(Points{{-400 * day, 1000}, {-20 * day, 1500}, {-day, 1000}}, 0);
  EXPECT_EQ(s.flags.names(), std::vector<const char*>{deal_flag_name(DealFlag::raised_before_sale)});
  EXPECT_LE(s.score, 40);
}

TEST(DealScore, ClaimAboveThePriorPriceIsSeen) {
  Points const points{{-400 * day, 1000}, {-day, 800}};
  EXPECT_FALSE(deal_score(points, 0, {.claimed_price = 1000}).flags.has(DealFlag::claimed_above_prior));
  EXPECT_TRUE(deal_score(points, 0, {.claimed_price = 1001}).flags.has(DealFlag::claimed_above_prior));
}

TEST(DealScore, StaircaseIsProgressive) {
  Points const points{{-400 * day, 1000}, {-9 * day, 800}, {-day, 600}};
  EXPECT_TRUE(deal_score(points, 0).flags.has(DealFlag::progressive));
}

TEST(DealScore, SaleEveryOtherWeekIsAlwaysOnSale) {
  Points points;
  for (std::int64_t week = -50; week < 0; week += 2) {
    points.push_back({(week - 1) * 7 * day, 1000});
    points.push_back({week * 7 * day, 700});
  }
  DealScore const s = deal_score(points, -13 * day);
  EXPECT_TRUE(s.flags.has(DealFlag::always_on_sale));
  EXPECT_FALSE(s.flags.has(DealFlag::raised_before_sale));
  EXPECT_LE(s.score, 40);
}

TEST(DealScore, MistakenPriceIsSuspected) {
  Points const points{{-400 * day, 1000}, {-day, 10}};
  EXPECT_TRUE(deal_score(points, 0).flags.has(DealFlag::suspected_glitch));
  EXPECT_FALSE(deal_score(points, 9 * day).flags.has(DealFlag::suspected_glitch));
}

TEST(DealScore, PastMistakeIsToldAndHidesNoDeal) {
  Points const points{{-400 * day, 1000}, {-20 * day, 10}, {-19 * day, 1000}, {-day, 700}};
  DealScore const s = deal_score(points, 0);
  EXPECT_NEAR(s.components.outlier_share, 1.0 / 365, 1e-9);
  EXPECT_NEAR(s.score, deal_score(Points{{-400 * day, 1000}, {-day, 700}}, 0).score, 0.2);
}

TEST(DealScore, YoungListingHasLittleConfidence) {
  DealScore const s = deal_score(Points{{-9 * day, 1000}, {-day, 500}}, 0);
  EXPECT_NEAR(s.confidence, 0.1, 1e-9);
  EXPECT_NEAR(s.score, 50, 5);
  EXPECT_TRUE(s.flags.has(DealFlag::insufficient_history));
}

TEST(DealScore, OtherRetailersMatter) {
  Points const points{{-400 * day, 1000}, {-day, 800}};
  std::vector<std::int64_t> const dearer{1100, 1000, 900};
  std::vector<std::int64_t> const cheaper{1100, 1000, 700};
  EXPECT_GT(deal_score(points, 0, {.other_retailers = dearer}).score, deal_score(points, 0).score);
  EXPECT_LE(deal_score(points, 0, {.other_retailers = cheaper}).score, 70);
  EXPECT_NEAR(deal_score(points, 0, {.other_retailers = dearer}).components.market.value_or(0), 0.2, 1e-9);
}

TEST(DealScore, NegativePricesAreRefused) {
  std::vector<std::int64_t> const others{-1};
  EXPECT_THROW(deal_score(Points{{-day, 1}}, 0, {.other_retailers = others}), Error);
  EXPECT_THROW(deal_score(Points{{-day, 1}}, 0, {.claimed_price = -1}), Error);
}

TEST(DealScore, AllPricesAndTimesFit) {
  constexpr std::int64_t first = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(deal_score(Points{{first, last}, {last - day, last / 2}}, last).verdict, DealVerdict::excellent);
  EXPECT_EQ(deal_score(Points{{first, last}, {last - day, 0}}, last).verdict, DealVerdict::excellent);
  EXPECT_EQ(deal_score(Points{{first, 0}, {last - day, last}}, last).verdict, DealVerdict::overpriced);
  EXPECT_EQ(deal_score(Points{{first, 0}}, last).verdict, DealVerdict::usual);
}

TEST(DealScore, ComponentsHaveTheirNames) {
  DealComponents const c = deal_score(Points{{-400 * day, 1000}, {-day, 700}}, 0).components;
  EXPECT_STREQ(named_components(c)[1].name, "depth_usual");
  EXPECT_EQ(named_components(c)[1].value, c.depth_usual);
  EXPECT_FALSE(named_components(c)[6].value);
}

std::vector<double> values(const std::vector<Stretch>& stretches) {
  std::vector<double> result;
  result.reserve(stretches.size());
  for (Stretch const& s : stretches)
    result.push_back(s.value);
  return result;
}

TEST(DealHistory, DipIsFilledToTheLowerSide) {
  std::vector<Stretch> const stretches{{9, 5}, {1, 2}, {1, 3}, {9, 4}, {1, 1}};
  EXPECT_EQ(values(fill_dips(stretches, 3)), (std::vector<double>{5, 4, 4, 4, 1}));
  EXPECT_EQ(values(fill_dips(stretches, 2)), (std::vector<double>{5, 3, 3, 4, 1}));
}

TEST(DealHistory, PeakIsCutToTheHigherSide) {
  EXPECT_EQ(values(cut_peaks({{9, 5}, {1, 9}, {9, 4}}, 2)), (std::vector<double>{5, 5, 4}));
}

TEST(DealHistory, WhatIsBetweenTwoGlitchesStays) {
  std::vector<Stretch> const lows{{9, 5}, {1, 1}, {1, 5}, {1, 2}, {9, 5}};
  EXPECT_EQ(values(smooth(lows, 2)), (std::vector<double>{5, 5, 5, 5, 5}));
  std::vector<Stretch> const highs{{9, 5}, {1, 8}, {1, 5}, {1, 9}, {9, 5}};
  EXPECT_EQ(values(smooth(highs, 2)), (std::vector<double>{5, 5, 5, 5, 5}));
}

TEST(DealHistory, PartIsCutAtBothSides) {
  std::vector<Stretch> const part = part_before(std::vector<Stretch>{{4, 1}, {4, 2}, {4, 3}}, 3, 6);
  EXPECT_EQ(values(part), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(part[0].time, 1);
  EXPECT_EQ(part[2].time, 1);
}

/// By definition: the lowest level at which the stretches around `i` last long enough or reach an end.
double filled_level(const std::vector<Stretch>& stretches, std::size_t i, double time) {
  std::vector<double> levels = values(stretches);
  std::sort(levels.begin(), levels.end());
  for (double const level : levels) {
    if (level < stretches[i].value) continue;
    std::size_t first = i;
    std::size_t last = i;
    double sum = stretches[i].time;
    while (first > 0 && stretches[first - 1].value <= level)
      sum += stretches[--first].time;
    while (last + 1 < stretches.size() && stretches[last + 1].value <= level)
      sum += stretches[++last].time;
    if (sum >= time || first == 0 || last + 1 == stretches.size()) return level;
  }
  return levels.back();
}

TEST(DealHistory, RandomDipsAreFilledByDefinition) {
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Stretch> stretches;
    for (std::uint64_t n = 1 + random.below(30); n > 0; --n)
      stretches.push_back({double(1 + random.below(9)), double(random.below(12))});
    double const time = double(random.below(40));
    std::vector<Stretch> const filled = fill_dips(stretches, time);
    for (std::size_t i = 0; i < stretches.size(); ++i)
      ASSERT_EQ(filled[i].value, filled_level(stretches, i, time));
  }
}

}  // namespace
}  // namespace deal::marketplace
