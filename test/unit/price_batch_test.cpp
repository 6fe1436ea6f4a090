// New observations of a listing: points, changes, days, and the lows against a reference that looks at
// everything.

#include "core/marketplace/price_batch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "core/base/random.hpp"

namespace deal::marketplace {
namespace {

constexpr std::int64_t day = 86'400'000'000;
using Batch = std::vector<Observation>;

TEST(PriceBatch, OnlyChangesArePoints) {
  Batch points;
  ListingAdvance const after =
      advance({}, Batch{{1, 10, 5, no_price, 0}, {1, 20, 5, no_price, 1}, {1, 30, 6, no_price, 2}}, points);
  EXPECT_EQ(points.size(), 2U);
  EXPECT_EQ(after.changes, 2);
  EXPECT_EQ(after.prices.previous, 5);
  EXPECT_EQ(after.prices.changed_at, 30);
}

TEST(PriceBatch, AnotherWasPriceIsAPointButNoChange) {
  Batch points;
  ListingPrices known;
  known.price = known.low_30 = known.low_90 = known.low_365 = known.low_all = 5;
  known.changed_at = known.seen_at = 0;
  ListingAdvance const after = advance(known, Batch{{1, 10, 5, 9, 0}}, points);
  EXPECT_EQ(points.size(), 1U);
  EXPECT_EQ(after.changes, 0);
  EXPECT_EQ(after.prices.list_price, 9);
  EXPECT_EQ(after.prices.changed_at, 0);
  EXPECT_EQ(after.prices.seen_at, 10);
}

TEST(PriceBatch, TheFirstObservationStartsTheHistoryAlsoWhenItIsNotOnOffer) {
  Batch points;
  ListingAdvance const after = advance({}, Batch{{1, 10, no_price, no_price, 0}}, points);
  EXPECT_EQ(points.size(), 1U);
  EXPECT_EQ(after.changes, 1);
  EXPECT_EQ(after.prices.changed_at, 10);
}

TEST(PriceBatch, ADayEndsAtMidnightAlsoBefore2000) {
  EXPECT_EQ(day_of(0), 0);
  EXPECT_EQ(day_of(day - 1), 0);
  EXPECT_EQ(day_of(-1), -1);
  EXPECT_EQ(day_of(-day), -1);
  EXPECT_EQ(day_of(-day - 1), -2);
}

TEST(PriceBatch, DaysHaveTheirSums) {
  std::vector<DaySummary> days;
  add_days(Batch{{1, 1, 5, 0, 0}, {1, 2, no_price, 0, 1}, {1, 3, 7, 0, 2}, {1, day, 6, 0, 3}}, days);
  ASSERT_EQ(days.size(), 2U);
  EXPECT_EQ(days[0].count, 2);
  EXPECT_EQ(days[0].absent, 1);
  EXPECT_EQ(days[0].sum, 12);
  EXPECT_EQ(days[0].low, 5);
  EXPECT_EQ(days[0].high, 7);
  EXPECT_EQ(days[0].last, 7);
  EXPECT_EQ(days[1].day, 1);
}

TEST(PriceBatch, MergingADayKeepsTheNewestPrice) {
  DaySummary known{1, 0, 1, 0, 5, 5, 5, 5, 100};
  EXPECT_TRUE(merge_day(known, {1, 0, 1, 1, 9, 9, 9, 9, 50}));
  EXPECT_EQ(known.last, 5);
  EXPECT_EQ(known.high, 9);
  EXPECT_TRUE(merge_day(known, {1, 0, 0, 1, no_price, no_price, 0, no_price, 200}));
  EXPECT_EQ(known.last, no_price);
  EXPECT_EQ(known.low, 5);
}

TEST(PriceBatch, ADayTooLargeIsSaid) {
  DaySummary known{1, 0, 1, 0, 5, 5, std::numeric_limits<std::int64_t>::max() - 3, 5, 100};
  EXPECT_FALSE(merge_day(known, {1, 0, 1, 0, 9, 9, 9, 9, 500}));
}

/// The lowest price of all points that held in the window up to `moment`.
std::int64_t brute_low(const Batch& history, std::int64_t moment, std::int64_t days) {
  std::optional<std::int64_t> low;
  for (size_t i = 0; i < history.size() && history[i].at <= moment; ++i) {
    bool const last = i + 1 == history.size() || history[i + 1].at > moment;
    bool const counts = last || history[i + 1].at > moment - days * day;
    if (counts && history[i].price != no_price)
      low = std::min(low.value_or(history[i].price), history[i].price);
  }
  return low.value_or(no_price);
}

TEST(PriceBatch, LowsAreThoseOfTheWholeHistory) {
  Random random(20260101);
  int searched = 0;
  int read = 0;
  for (int series = 0; series < 2000; ++series) {
    ListingPrices known;
    Batch history;
    std::int64_t at = 0;
    for (int round = 0; round < 12; ++round) {
      Batch seen;
      auto const count = 1 + static_cast<int>(random.below(4));
      for (int i = 0; i < count; ++i) {
        at += 1 + static_cast<std::int64_t>(random.below(50)) * day;
        auto const price = random.below(5) == 0 ? no_price : 100 + static_cast<std::int64_t>(random.below(6));
        seen.push_back({1, at, price, random.below(4) == 0 ? 200 : no_price, i});
      }
      Batch points;
      ListingAdvance after = advance(known, seen, points);
      if (after.lows_open) {
        ++searched;
        LowSearch search = search_lows(known, after, points);
        std::int64_t end = known.changed_at;
        for (size_t i = history.size(); i-- > 0 && !search.settled();) {
          if (history[i].at >= known.changed_at) continue;
          ++read;
          search.look_at(history[i].at, history[i].price, end);
          end = history[i].at;
        }
        search.store(after.prices);
      }
      history.insert(history.end(), points.begin(), points.end());
      known = after.prices;
      std::int64_t const moment = known.changed_at;
      ASSERT_EQ(known.low_30, brute_low(history, moment, 30)) << series << " " << round;
      ASSERT_EQ(known.low_90, brute_low(history, moment, 90)) << series << " " << round;
      ASSERT_EQ(known.low_365, brute_low(history, moment, 365)) << series << " " << round;
    }
  }
  EXPECT_GT(searched, 5000);
  EXPECT_GT(read, 1000);
}

}  // namespace
}  // namespace deal::marketplace
