// Watches and changes of prices: which may fire by the index alone, which do, and which of a batch are told.

#include "core/marketplace/alert_rule.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace deal::marketplace {
namespace {

constexpr std::int64_t now = 1'000'000;

PriceMove from_to(std::int64_t was, std::int64_t price) {
  PriceMove move;
  move.id = move.product = move.listing = 1;
  move.was = was;
  move.price = price;
  return move;
}

Watch of_kind(WatchKind kind) {
  Watch watch;
  watch.rule.kind = kind;
  return watch;
}

Watch target(std::int64_t threshold) {
  Watch watch = of_kind(WatchKind::target);
  watch.rule.threshold = threshold;
  return watch;
}

Watch told(Watch watch, std::int64_t price) {
  watch.told = true;
  watch.told_price = price;
  watch.told_listing = 1;
  return watch;
}

Watch rearmed(Watch watch) {
  watch.rearms = true;
  watch.rearms_at = now;
  return watch;
}

TEST(AlertRule, ATargetIsReachedAtItsPrice) {
  EXPECT_TRUE(may_fire({WatchKind::target, 100, 0}, from_to(120, 100)));
  EXPECT_FALSE(may_fire({WatchKind::target, 100, 0}, from_to(120, 101)));
  EXPECT_FALSE(may_fire({WatchKind::target, 100, 0}, from_to(120, no_price)));
}

TEST(AlertRule, ADropIsMeasuredInHundredthsOfAPercent) {
  EXPECT_TRUE(may_fire({WatchKind::pct_vs_prev, no_price, 1250}, from_to(1000, 875)));
  EXPECT_FALSE(may_fire({WatchKind::pct_vs_prev, no_price, 1250}, from_to(1000, 876)));
  EXPECT_FALSE(may_fire({WatchKind::pct_vs_prev, no_price, 1250}, from_to(no_price, 1)));
}

TEST(AlertRule, ARiseWithoutPercentIsAnyRise) {
  EXPECT_TRUE(may_fire({WatchKind::rise, no_price, 0}, from_to(1000, 1001)));
  EXPECT_FALSE(may_fire({WatchKind::rise, no_price, 1}, from_to(100'000, 100'009)));
  EXPECT_TRUE(may_fire({WatchKind::rise, no_price, 1}, from_to(100'000, 100'010)));
}

TEST(AlertRule, WhatIsNoNumberIsNeverReached) {
  EXPECT_FALSE(may_fire({WatchKind::rise, no_price, -1}, from_to(1000, 100'000)));
  EXPECT_FALSE(may_fire({WatchKind::pct_vs_prev, no_price, -1}, from_to(1000, 1)));
  EXPECT_FALSE(is_above(1000, 1, -1));
}

TEST(AlertRule, TheHighestPricesDoNotOverflow) {
  constexpr std::int64_t highest = 10'000'000'000'000;
  EXPECT_FALSE(may_fire({WatchKind::rise, no_price, 99'999}, from_to(highest - 1, highest)));
  EXPECT_FALSE(is_above(highest, highest, 99'999));
}

TEST(AlertRule, BackInStockNeedsAListingThatWasGone) {
  EXPECT_TRUE(may_fire({WatchKind::back_in_stock, no_price, 0}, from_to(no_price, 100)));
  EXPECT_FALSE(may_fire({WatchKind::back_in_stock, 99, 0}, from_to(no_price, 100)));
  EXPECT_FALSE(may_fire({WatchKind::back_in_stock, no_price, 0}, from_to(110, 100)));
}

TEST(AlertRule, ALowIsCheaperThanBefore) {
  PriceMove move = from_to(100, 90);
  move.low_all = 90;
  EXPECT_TRUE(may_fire({WatchKind::historical_low, no_price, 0}, move));
  move.low_all = 89;
  EXPECT_FALSE(may_fire({WatchKind::historical_low, no_price, 0}, move));
  move = from_to(80, 90);
  move.low_all = 90;
  EXPECT_FALSE(may_fire({WatchKind::historical_low, no_price, 0}, move));
}

TEST(AlertRule, SilenceIsNoChangesBusiness) {
  EXPECT_FALSE(may_fire({WatchKind::no_change_for, no_price, 0}, from_to(1, 2)));
}

TEST(AlertRule, WhoSleepsIsNotTold) {
  Watch watch = target(100);
  EXPECT_TRUE(judge(watch, from_to(120, 90), now).fires);
  watch.paused_until = now + 1;
  EXPECT_FALSE(judge(watch, from_to(120, 90), now).fires);
  watch.paused_until = now;
  EXPECT_TRUE(judge(watch, from_to(120, 90), now).fires);
  watch.expires = true;
  watch.expires_at = now;
  EXPECT_FALSE(judge(watch, from_to(120, 90), now).fires);
}

TEST(AlertRule, TheCapOfTheDayHolds) {
  Watch watch = target(100);
  watch.capped = true;
  watch.most_a_day = watch.used_today = 2;
  EXPECT_FALSE(judge(watch, from_to(120, 90), now).fires);
  watch.used_today = 1;
  EXPECT_TRUE(judge(watch, from_to(120, 90), now).fires);
}

TEST(AlertRule, OnlySomeListingsMayCount) {
  std::int64_t const shops[] = {7, 8};
  std::uint32_t const states[] = {3};
  Watch watch = target(100);
  PriceMove move = from_to(120, 90);
  move.retailer = 8;
  move.condition = 3;
  watch.of_some_retailers = watch.of_some_conditions = true;
  watch.retailers = shops;
  watch.conditions = states;
  EXPECT_TRUE(judge(watch, move, now).fires);
  move.condition = 4;
  EXPECT_FALSE(judge(watch, move, now).fires);
  move.condition = 3;
  move.retailer = 9;
  EXPECT_FALSE(judge(watch, move, now).fires);
  move.retailer = 7;
  move.currency = {'U', 'S', 'D'};
  EXPECT_FALSE(judge(watch, move, now).fires);
}

TEST(AlertRule, ALowPriceThatWasToldWaitsForARise) {
  EXPECT_FALSE(judge(target(100), from_to(120, 90), now).ask_rise);
  EXPECT_TRUE(judge(told(target(100), 95), from_to(120, 90), now).ask_rise);
}

TEST(AlertRule, OrForTimeAndALowerPrice) {
  Watch watch = rearmed(told(target(100), 95));
  EXPECT_FALSE(judge(watch, from_to(120, 94), now).ask_rise);
  EXPECT_TRUE(judge(watch, from_to(120, 95), now).ask_rise);
  EXPECT_TRUE(judge(watch, from_to(120, 94), now - 1).ask_rise);
  watch.min_change = 5;
  EXPECT_TRUE(judge(watch, from_to(120, 91), now).ask_rise);
  EXPECT_FALSE(judge(watch, from_to(120, 90), now).ask_rise);
}

TEST(AlertRule, LowsOfThePastMayBeAsLowAsTold) {
  EXPECT_FALSE(judge(rearmed(told(of_kind(WatchKind::historical_low), 95)), from_to(120, 95), now).ask_rise);
}

TEST(AlertRule, AFirstPriceIsNoLow) {
  EXPECT_TRUE(judge(of_kind(WatchKind::historical_low), from_to(no_price, 95), now).ask_earlier);
  EXPECT_FALSE(judge(of_kind(WatchKind::historical_low), from_to(100, 95), now).ask_earlier);
  EXPECT_FALSE(judge(target(100), from_to(no_price, 95), now).ask_earlier);
}

TEST(AlertRule, KnownLowsSpareALookAtThePast) {
  Watch watch = of_kind(WatchKind::lowest_in_n_days);
  PriceMove move = from_to(100, 95);
  move.low_30 = 95;
  move.low_90 = 94;
  watch.days = 30;
  EXPECT_TRUE(judge(watch, move, now).fires);
  EXPECT_FALSE(judge(watch, move, now).ask_lowest);
  watch.days = 90;
  EXPECT_FALSE(judge(watch, move, now).fires);
  watch.days = 31;
  EXPECT_TRUE(judge(watch, move, now).ask_lowest);
}

TEST(AlertRule, EventsWaitForTheirTime) {
  Watch watch = rearmed(told(of_kind(WatchKind::rise), 95));
  EXPECT_TRUE(judge(watch, from_to(100, 120), now).fires);
  EXPECT_FALSE(judge(watch, from_to(100, 120), now - 1).fires);
  watch.rule.kind = WatchKind::pct_vs_prev;
  EXPECT_TRUE(judge(watch, from_to(100, 94), now - 1).fires);
  EXPECT_FALSE(judge(watch, from_to(100, 95), now - 1).fires);
}

TEST(AlertRule, AnyChangeIsMeasuredFromWhatWasTold) {
  Watch watch = told(of_kind(WatchKind::any_change), 100);
  watch.min_change = 5;
  EXPECT_FALSE(judge(watch, from_to(98, 104), now).fires);
  EXPECT_TRUE(judge(watch, from_to(104, 105), now).fires);
  EXPECT_TRUE(judge(watch, from_to(104, no_price), now).fires);
  watch.told_listing = 2;
  EXPECT_FALSE(judge(watch, from_to(104, 105), now).fires);
}

TEST(AlertRule, OfAListingItsLastChangeCounts) {
  std::vector<PriceMove> moves = {from_to(100, 90), from_to(90, 80), from_to(50, 60)};
  moves[0].id = 1;
  moves[1].id = 2;
  moves[1].at = 5;
  moves[2].listing = 2;
  merge_moves(moves);
  ASSERT_EQ(moves.size(), 2U);
  EXPECT_EQ(moves[0].was, 100);
  EXPECT_EQ(moves[0].price, 80);
}

TEST(AlertRule, APriceThatIsBackIsNoChange) {
  std::vector<PriceMove> moves = {from_to(90, 100), from_to(100, 90)};
  moves[0].at = 5;
  moves[1].at = 3;
  merge_moves(moves);
  EXPECT_TRUE(moves.empty() || moves[0].was != moves[0].price);
  EXPECT_TRUE(moves.empty());
}

Firing firing(std::int64_t watch, std::size_t move, bool low, std::int64_t most) {
  Firing made;
  made.watch = watch;
  made.move = move;
  made.low = low;
  made.most = most;
  return made;
}

TEST(AlertRule, OfLowPricesTheLowestIsTold) {
  std::vector<PriceMove> moves = {from_to(100, 90), from_to(100, 80)};
  moves[1].at = 9;
  std::vector<Firing> firings = {firing(1, 0, true, 1), firing(1, 1, true, 1)};
  keep_told(firings, moves);
  ASSERT_EQ(firings.size(), 1U);
  EXPECT_EQ(firings[0].move, 1U);
}

TEST(AlertRule, OfEventsTheFirstAreTold) {
  std::vector<PriceMove> moves = {from_to(100, 90), from_to(100, 80), from_to(100, 70)};
  moves[0].at = 9;
  moves[1].at = 8;
  moves[2].at = 7;
  std::vector<Firing> firings = {firing(2, 0, false, 2), firing(2, 1, false, 2), firing(2, 2, false, 2),
                                 firing(1, 0, false, 2)};
  keep_told(firings, moves);
  ASSERT_EQ(firings.size(), 3U);
  EXPECT_TRUE(firings[0].last);
  EXPECT_EQ(firings[1].move, 2U);
  EXPECT_FALSE(firings[1].last);
  EXPECT_EQ(firings[2].nth, 2);
  EXPECT_TRUE(firings[2].last);
}

TEST(AlertRule, WhatIsLeftOfTheDayBoundsABatch) {
  Watch watch = of_kind(WatchKind::rise);
  EXPECT_GT(most_of_batch(watch), 1);
  watch.capped = true;
  watch.most_a_day = 5;
  watch.used_today = 3;
  EXPECT_EQ(most_of_batch(watch), 2);
  EXPECT_EQ(most_of_batch(rearmed(watch)), 1);
  EXPECT_EQ(most_of_batch(of_kind(WatchKind::target)), 1);
}

}  // namespace
}  // namespace deal::marketplace
