#include "core/base/visit_schedule.hpp"

#include <gtest/gtest.h>

namespace {

using deal::VisitSchedule;
using Databases = std::vector<VisitSchedule::Database>;

constexpr VisitSchedule::Milliseconds kMinute = 60'000;
const Databases kShop{{1, "shop"}};
const Databases kThree{{1, "a"}, {2, "b"}, {3, "c"}};

std::vector<std::uint32_t> due(const VisitSchedule& schedule, VisitSchedule::Milliseconds now) {
  std::vector<std::uint32_t> oids;
  for (auto const& database : schedule.due(now))
    oids.push_back(database.oid);
  return oids;
}

using Oids = std::vector<std::uint32_t>;

void visit(VisitSchedule& schedule, std::uint32_t oid, VisitSchedule::Milliseconds begun,
           VisitSchedule::Milliseconds ended, std::optional<VisitSchedule::Milliseconds> interval = {}) {
  schedule.begun(oid, begun);
  schedule.ended(oid, interval, ended);
}

TEST(VisitSchedule, FirstVisitWaitsForTheIntervalButNoLongerThanAMinute) {
  VisitSchedule brief(2);
  brief.update(kShop, 5'000, 100);
  EXPECT_EQ(due(brief, 5'099), Oids{});
  EXPECT_EQ(due(brief, 5'100), Oids{1});
  VisitSchedule slow(2);
  slow.update(kShop, 15 * kMinute, 100);
  EXPECT_EQ(due(slow, 100 + kMinute - 1), Oids{});
  EXPECT_EQ(due(slow, 100 + kMinute), Oids{1});
}

TEST(VisitSchedule, TheNextVisitIsDueOneIntervalAfterTheLastBegan) {
  VisitSchedule schedule(2);
  schedule.update(kShop, 10'000, 0);
  visit(schedule, 1, 10'000, 14'000);
  EXPECT_EQ(due(schedule, 19'999), Oids{});
  EXPECT_EQ(due(schedule, 20'000), Oids{1});
}

TEST(VisitSchedule, AVisitThatOutlastsTheIntervalIsFollowedByARest) {
  VisitSchedule schedule(2);
  schedule.update(kShop, 10'000, 0);
  schedule.begun(1, 10'000);
  EXPECT_EQ(due(schedule, 30'000), Oids{}) << "visits never overlap";
  schedule.ended(1, {}, 30'000);
  EXPECT_EQ(due(schedule, 30'000), Oids{});
  EXPECT_EQ(due(schedule, 30'000 + VisitSchedule::kRest), Oids{1});
}

TEST(VisitSchedule, NoMoreAtOnceThanAllowedAndTheLongestWaitingFirst) {
  VisitSchedule schedule(2);
  schedule.update({{1, "a"}, {2, "b"}}, 10'000, 0);
  schedule.update(kThree, 10'000, 1);
  EXPECT_EQ(due(schedule, 10'001), (Oids{1, 2}));
  schedule.begun(1, 10'001);
  EXPECT_EQ(due(schedule, 10'002), Oids{2});
  schedule.begun(2, 10'002);
  EXPECT_EQ(due(schedule, 99'999), Oids{});
  schedule.ended(1, {}, 20'001);
  EXPECT_EQ(due(schedule, 99'999), Oids{3}) << "its turn comes before a second visit of the first";
}

TEST(VisitSchedule, ADatabaseMayHaveAnIntervalOfItsOwn) {
  VisitSchedule schedule(2);
  schedule.update(kShop, 10'000, 0);
  visit(schedule, 1, 10'000, 10'001, 50'000);
  EXPECT_EQ(due(schedule, 59'999), Oids{});
  EXPECT_EQ(due(schedule, 60'000), Oids{1});
  visit(schedule, 1, 60'000, 60'001, 0);
  EXPECT_EQ(due(schedule, 69'999), Oids{}) << "0: asked again after the general interval";
  EXPECT_EQ(due(schedule, 70'000), Oids{1});
}

TEST(VisitSchedule, WithoutAnIntervalNobodyIsVisited) {
  VisitSchedule schedule(2);
  schedule.update(kShop, 0, 0);
  EXPECT_EQ(due(schedule, 10'000'000), Oids{});
  EXPECT_EQ(schedule.pause(10'000'000), VisitSchedule::kLongest);
}

TEST(VisitSchedule, AChangedIntervalCountsAtOnce) {
  VisitSchedule schedule(2);
  schedule.update(kShop, 100 * kMinute, 0);
  visit(schedule, 1, kMinute, kMinute + 10);
  schedule.update(kShop, 5 * kMinute, 2 * kMinute);
  EXPECT_EQ(due(schedule, 6 * kMinute), Oids{1});
}

TEST(VisitSchedule, AnUpdateThatChangesNothingKeepsTheTimes) {
  VisitSchedule schedule(2);
  schedule.update(kShop, 10'000, 0);
  schedule.update(kShop, 10'000, 9'000);
  EXPECT_EQ(due(schedule, 10'000), Oids{1});
}

TEST(VisitSchedule, ADroppedDatabaseIsForgottenAndANewOneOfItsNameIsNew) {
  VisitSchedule schedule(2);
  schedule.update(kThree, 10'000, 0);
  schedule.update({{1, "a"}, {4, "b"}}, 10'000, 9'000);
  EXPECT_EQ(due(schedule, 10'000), Oids{1});
  EXPECT_EQ(due(schedule, 19'000), (Oids{1, 4}));
}

TEST(VisitSchedule, ADroppedDatabaseKeepsItsPlaceUntilTheVisitEnds) {
  VisitSchedule schedule(1);
  schedule.update(kThree, 10'000, 0);
  schedule.begun(1, 10'000);
  schedule.update({{2, "b"}}, 10'000, 11'000);
  EXPECT_EQ(due(schedule, 20'000), Oids{});
  schedule.ended(1, {}, 21'000);
  schedule.update({{2, "b"}}, 10'000, 21'000);
  EXPECT_EQ(due(schedule, 60'000), Oids{2});
}

TEST(VisitSchedule, WithoutAWorkerItComesBackSoon) {
  VisitSchedule schedule(2);
  schedule.update(kShop, 15 * kMinute, 0);
  schedule.refused(1, kMinute);
  EXPECT_EQ(due(schedule, kMinute + VisitSchedule::kRefused - 1), Oids{});
  EXPECT_EQ(due(schedule, kMinute + VisitSchedule::kRefused), Oids{1});
}

TEST(VisitSchedule, ThePauseEndsWhenSomethingIsDue) {
  VisitSchedule schedule(1);
  schedule.update(kThree, 10'000, 0);
  EXPECT_EQ(schedule.pause(4'000), 6'000);
  EXPECT_EQ(schedule.pause(10'000), 0);
  schedule.begun(1, 10'000);
  EXPECT_EQ(schedule.pause(10'000), VisitSchedule::kLongest) << "all places taken: the end of a visit wakes";
  schedule.ended(1, {}, 10'001);
  EXPECT_EQ(schedule.pause(10'001), 0);
}

TEST(VisitSchedule, NewsOfADatabaseNobodyKnowsAreIgnored) {
  VisitSchedule schedule(1);
  schedule.begun(7, 0);
  schedule.refused(7, 0);
  schedule.ended(7, {}, 0);
  schedule.update(kShop, 1'000, 0);
  EXPECT_EQ(due(schedule, 1'000), Oids{1});
}

}  // namespace
