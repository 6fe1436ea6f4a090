// The prior price of the price indication directive: golden cases, and a reference that looks at every hour.

#include "core/marketplace/prior_price.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/random.hpp"

namespace deal::marketplace {
namespace {

using Points = std::vector<PricePoint>;
constexpr std::int64_t hour = 3'600'000'000;
constexpr std::int64_t day = 24 * hour;

PriorPrice prior(const Points& points, std::int64_t at, PriorPriceOptions const& options = {}) {
  return prior_price(points, at, options);
}

TEST(PriorPrice, IsTheLowestBeforeTheReductionNotTheLastPrice) {
  PriorPrice const p = prior({{-90 * day, 100}, {-20 * day, 70}, {-15 * day, 120}, {-3 * day, 80}}, 0);
  EXPECT_EQ(p.price, 70);
  EXPECT_EQ(p.current, 80);
  EXPECT_EQ(p.to, -3 * day);
  EXPECT_EQ(p.from, -33 * day);
  EXPECT_TRUE(p.reduced);
  EXPECT_FALSE(p.insufficient_history);
}

TEST(PriorPrice, FlashPriceCountsForThirtyDaysAndNoLonger) {
  Points const points{{-90 * day, 100}, {-40 * day, 50}, {-39 * day, 100}, {-9 * day, 80}};
  EXPECT_EQ(prior(points, 0).price, 100);
  EXPECT_EQ(prior(points, 0, {.days = 31}).price, 50);
}

TEST(PriorPrice, PriceCarriedIntoThePeriodCounts) {
  EXPECT_EQ(prior({{-300 * day, 60}, {-20 * day, 100}, {-1 * day, 80}}, 0).price, 60);
}

TEST(PriorPrice, LongReductionKeepsThePeriodBeforeItsStart) {
  EXPECT_EQ(prior({{-300 * day, 100}, {-200 * day, 80}}, 0).price, 100);
}

TEST(PriorPrice, OutOfStockIsNotAppliedAndEndsNoReduction) {
  Points const points{{-90 * day, 100}, {-20 * day, 80}, {-9 * day, std::nullopt}, {-5 * day, 80}};
  PriorPrice const p = prior(points, 0);
  EXPECT_EQ(p.price, 100);
  EXPECT_EQ(p.level_start, -20 * day);
}

TEST(PriorPrice, NothingOnOfferInThePeriodIsNoPrice) {
  PriorPrice const p = prior({{-90 * day, 100}, {-50 * day, std::nullopt}, {-5 * day, 80}}, 0);
  EXPECT_FALSE(p.price);
  EXPECT_TRUE(p.reduced);
  EXPECT_TRUE(p.insufficient_history);
}

TEST(PriorPrice, StepOfAStaircaseIsAReductionOfItsOwn) {
  Points const points{{-90 * day, 100}, {-20 * day, 80}, {-5 * day, 60}};
  PriorPrice const p = prior(points, 0);
  EXPECT_EQ(p.price, 80);
  EXPECT_EQ(p.reductions, 2);
  EXPECT_FALSE(p.progressive);
}

TEST(PriorPrice, ProgressiveGoesBackToTheFirstReduction) {
  Points const points{{-90 * day, 70}, {-60 * day, 100}, {-20 * day, 80}, {-5 * day, 60}};
  PriorPrice const p = prior(points, 0, {.progressive = true});
  EXPECT_EQ(p.price, 100);
  EXPECT_EQ(p.to, -20 * day);
  EXPECT_TRUE(p.progressive);
}

TEST(PriorPrice, IncreaseInBetweenEndsTheRow) {
  Points const points{{-90 * day, 100}, {-20 * day, 70}, {-9 * day, 80}, {-5 * day, 60}};
  PriorPrice const p = prior(points, 0, {.progressive = true});
  EXPECT_EQ(p.price, 70);
  EXPECT_EQ(p.reductions, 1);
}

TEST(PriorPrice, RiseIsNoReduction) {
  PriorPrice const p = prior({{-90 * day, 100}, {-20 * day, 70}, {-5 * day, 90}}, 0);
  EXPECT_FALSE(p.reduced);
  EXPECT_EQ(p.price, 70);
}

TEST(PriorPrice, ShortHistoryIsSaidUnlessTheGoodsAreNew) {
  Points const points{{-12 * day, 100}, {-5 * day, 80}};
  PriorPrice const known = prior(points, 0);
  EXPECT_EQ(known.price, 100);
  EXPECT_TRUE(known.insufficient_history);
  PriorPrice const fresh = prior(points, 0, {.new_goods = true});
  EXPECT_EQ(fresh.price, 100);
  EXPECT_EQ(fresh.from, -12 * day);
  EXPECT_TRUE(fresh.shorter_period);
  EXPECT_FALSE(fresh.insufficient_history);
}

TEST(PriorPrice, FirstPriceOfAllHasNone) {
  PriorPrice const p = prior({{-12 * day, 100}}, 0, {.new_goods = true});
  EXPECT_FALSE(p.price);
  EXPECT_FALSE(p.reduced);
  EXPECT_TRUE(p.insufficient_history);
}

TEST(PriorPrice, NotOnOfferHasNoCurrentPrice) {
  EXPECT_FALSE(prior({{-12 * day, 100}, {-1, std::nullopt}}, 0).current);
  EXPECT_FALSE(prior({{1, 100}}, 0).current);
}

TEST(PriorPrice, LaterPricesDoNotCount) {
  EXPECT_EQ(prior({{-90 * day, 100}, {-5 * day, 80}, {1, 10}}, 0).current, 80);
}

TEST(PriorPrice, AllTimesAndPricesFit) {
  constexpr std::int64_t first = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  PriorPrice const p = prior({{first, last}, {first + 5, last - 1}}, last, {.days = last});
  EXPECT_EQ(p.price, last);
  EXPECT_EQ(p.from, first);
}

TEST(PriorPrice, PeriodWithoutDaysIsRefused) {
  EXPECT_THROW(prior({{0, 1}}, 5, {.days = 0}), Error);
}

/// The same by definition: the price of every hour, looked at one by one.
struct Reference {
  std::vector<int> prices;  // of each hour; -1: out of stock, -2: before the first point

  bool on_offer(int h) const { return prices[static_cast<std::size_t>(h)] >= 0; }
  int last_offer_before(int h) const {
    for (--h; h >= 0 && !on_offer(h);)
      --h;
    return h;
  }
  /// The hour in which the price of hour h began.
  int level_start(int h) const {
    int start = h;
    for (int k = h; k >= 0; --k) {
      if (!on_offer(k)) continue;
      if (prices[static_cast<std::size_t>(k)] != prices[static_cast<std::size_t>(h)]) break;
      start = k;
    }
    return start;
  }
  bool fell_at(int h) const {
    int const before = last_offer_before(h);
    return before >= 0 && prices[static_cast<std::size_t>(before)] > prices[static_cast<std::size_t>(h)];
  }
  int period_end(int at, bool progressive) const {
    int end = level_start(at);
    while (progressive && fell_at(end)) {
      int const earlier = level_start(last_offer_before(end));
      if (!fell_at(earlier)) break;
      end = earlier;
    }
    return end;
  }
  int lowest(int from, int to) const {
    int low = -1;
    for (int h = std::max(from, 0); h < to; ++h)
      if (on_offer(h) && (low < 0 || prices[static_cast<std::size_t>(h)] < low))
        low = prices[static_cast<std::size_t>(h)];
    return low;
  }
};

constexpr int hours = 60 * 24;

Reference random_reference(Random& random) {
  Reference r;
  int price = -2;
  std::uint64_t const mean_hours = 3 + random.below(200);
  for (int h = 0; h < hours; ++h) {
    if (random.below(mean_hours) == 0) price = random.below(4) == 0 ? -1 : 10 * (1 + int(random.below(7)));
    if (random.below(400) == 0 && price > 0) price += random.below(2) == 0 ? -1 : 1;
    r.prices.push_back(price);
  }
  return r;
}

Points points_of(const Reference& r) {
  Points points;
  for (int h = 0, last = -2; h < hours; last = r.prices[static_cast<std::size_t>(h++)]) {
    int const price = r.prices[static_cast<std::size_t>(h)];
    if (price != last)
      points.push_back({h * hour, price < 0 ? std::nullopt : std::optional<std::int64_t>(price)});
  }
  return points;
}

TEST(PriorPrice, RandomSeriesAgreeWithLookingAtEveryHour) {
  Random random(2);
  int reduced = 0;
  for (int round = 0; round < 10000; ++round) {
    Reference const r = random_reference(random);
    int const at = static_cast<int>(random.below(hours));
    PriorPriceOptions options{.days = 1 + static_cast<std::int64_t>(random.below(40))};
    options.progressive = random.below(2) == 0;
    PriorPrice const p = prior_price(points_of(r), at * hour + 5, options);
    ASSERT_EQ(p.current.has_value(), r.on_offer(at));
    if (!p.current) continue;
    int const end = r.period_end(at, options.progressive);
    int const begin = end - static_cast<int>(options.days) * 24;
    int const lowest = r.lowest(begin, end);
    ASSERT_EQ(p.price.value_or(-1), lowest) << "round " << round;
    ASSERT_EQ(p.to, end * hour);
    ASSERT_EQ(p.reduced, r.fell_at(r.level_start(at)));
    ASSERT_EQ(p.insufficient_history,
              lowest < 0 || begin < 0 || r.prices[static_cast<std::size_t>(begin)] == -2);
    reduced += p.reduced && p.price ? 1 : 0;
  }
  EXPECT_GT(reduced, 2000);
}

}  // namespace
}  // namespace deal::marketplace
