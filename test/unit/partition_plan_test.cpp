#include "core/partition/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/partition/calendar.hpp"
#include "core/partition/names.hpp"

namespace {

using namespace deal::partition;

Position day(std::int64_t year, int month, int day_of_month) {
  return days_of({year, month, day_of_month}) * kDay;
}

Set set_of(KeyKind kind, const char* step, int premake) {
  Set set;
  set.schema = "shop";
  set.table = "t";
  set.grid.kind = kind;
  set.grid.step = parse_step(kind, step);
  set.grid.anchor = default_anchor(kind, set.grid.step);
  set.premake = premake;
  return set;
}

Set monthly(int premake = 1) {
  return set_of(KeyKind::timestamptz, "1 month", premake);
}

Set hundreds(int premake = 2) {
  return set_of(KeyKind::integer, "100", premake);
}

Partition partition_of(Position lower, Position upper, std::string name = "") {
  static std::uint32_t oid = 16'384;
  Partition partition;
  partition.oid = ++oid;
  partition.schema = "shop";
  partition.name = name.empty() ? "old_" + std::to_string(oid) : std::move(name);
  partition.lower = lower;
  partition.upper = upper;
  return partition;
}

Situation at(Position now, std::vector<Partition> partitions = {}) {
  Situation situation;
  situation.now = now;
  situation.partitions = std::move(partitions);
  return situation;
}

// "create t_p1 [0, 100)" for each action.
std::vector<std::string> lines(const Set& set, const std::vector<Action>& actions) {
  std::vector<std::string> made;
  for (const Action& action : actions) {
    const auto text = [&](Position position) {
      const std::string whole = boundary_text(set.grid, position);
      return is_time(set.grid.kind) && whole.size() > 10 ? whole.substr(2, 8) : whole;
    };
    made.push_back(std::string(name_of(action.kind)) + " " + action.partition + " [" + text(action.lower) +
                   ", " + text(action.upper) + ")");
  }
  return made;
}

std::vector<std::string> planned(const Set& set, const Situation& situation,
                                 std::optional<Position> until = {}) {
  return lines(set, plan(set, situation, until));
}

using Lines = std::vector<std::string>;

// What the situation is once the plan's creations are made.
Situation after(const Set& set, Situation situation) {
  for (const Action& action : plan(set, situation)) {
    if (action.kind == ActionKind::create)
      situation.partitions.push_back(partition_of(action.lower, action.upper, action.partition));
  }
  std::ranges::sort(situation.partitions, {}, &Partition::lower);
  return situation;
}

TEST(PartitionPlan, NamesOfActions) {
  EXPECT_EQ(name_of(ActionKind::create), "create");
  EXPECT_EQ(name_of(ActionKind::finalize), "finalize");
  EXPECT_EQ(name_of(ActionKind::drop), "drop");
  EXPECT_EQ(name_of(ActionKind::detach), "detach");
  EXPECT_EQ(name_of(ActionKind::archive), "archive");
  EXPECT_EQ(name_of(ActionKind::export_), "export");
}

TEST(PartitionPlan, NamesOfRetirementReadBack) {
  for (const char* name : {"drop", "detach", "archive", "export"})
    EXPECT_EQ(name_of(retire_of(name).value()), name);
  EXPECT_EQ(retire_of("delete"), std::nullopt);
}

TEST(PartitionPlan, AnEmptyTableGetsTheCurrentPartitionAndThoseAhead) {
  EXPECT_EQ(planned(monthly(2), at(day(2026, 3, 17))),
            (Lines{"create t_p20260301 [26-03-01, 26-04-01)", "create t_p20260401 [26-04-01, 26-05-01)",
                   "create t_p20260501 [26-05-01, 26-06-01)"}));
}

TEST(PartitionPlan, WithoutPremakeThereIsTheCurrentOne) {
  EXPECT_EQ(planned(monthly(0), at(day(2026, 3, 17))), (Lines{"create t_p20260301 [26-03-01, 26-04-01)"}));
  EXPECT_EQ(planned(monthly(-5), at(day(2026, 3, 17))).size(), 1u);
}

TEST(PartitionPlan, NothingIsDoneTwice) {
  for (const Set& set : {monthly(4), hundreds(4)}) {
    const Situation done = after(set, at(day(2026, 3, 17)));
    EXPECT_EQ(planned(set, done), Lines{});
  }
}

TEST(PartitionPlan, TheHorizonCountsWhereItReachesFurther) {
  Set set = monthly(1);
  set.horizon = Step{.days = 60};  // 2026-05-16
  EXPECT_EQ(premade_until(set, at(day(2026, 3, 17))), day(2026, 6, 1));
  set.premake = 5;
  EXPECT_EQ(premade_until(set, at(day(2026, 3, 17))), day(2026, 9, 1));
}

TEST(PartitionPlan, AHorizonThatEndsOnABoundaryNeedsNoMore) {
  Set set = monthly(0);
  set.horizon = Step{.months = 2};
  EXPECT_EQ(premade_until(set, at(day(2026, 3, 1))), day(2026, 5, 1));
}

TEST(PartitionPlan, UntilIsRoundedUpToABoundary) {
  const Situation situation = at(day(2026, 3, 17));
  EXPECT_EQ(planned(monthly(9), situation, day(2026, 4, 2)).size(), 2u);
  EXPECT_EQ(planned(monthly(9), situation, day(2026, 4, 1)).size(), 1u);
  EXPECT_EQ(planned(monthly(0), situation, day(2026, 8, 1)).size(), 5u);
}

TEST(PartitionPlan, UntilBeforeEverythingMakesNothing) {
  EXPECT_EQ(planned(monthly(), at(day(2026, 3, 17)), day(2020, 1, 1)), Lines{});
  EXPECT_EQ(planned(monthly(), at(day(2026, 3, 17)), kMinimum), Lines{});
}

TEST(PartitionPlan, StartSaysWhereAnEmptyTableBegins) {
  Situation situation = at(day(2026, 3, 17));
  situation.start = day(2026, 1, 10);
  EXPECT_EQ(planned(monthly(0), situation).front(), "create t_p20260101 [26-01-01, 26-02-01)");
  situation.partitions = {partition_of(day(2026, 3, 1), day(2026, 5, 1))};
  EXPECT_EQ(planned(monthly(0), situation), Lines{});
}

TEST(PartitionPlan, GapsAreFilled) {
  const Situation situation = at(day(2026, 5, 2), {partition_of(day(2026, 1, 1), day(2026, 2, 1)),
                                                   partition_of(day(2026, 4, 1), day(2026, 5, 1))});
  EXPECT_EQ(planned(monthly(0), situation),
            (Lines{"create t_p20260201 [26-02-01, 26-03-01)", "create t_p20260301 [26-03-01, 26-04-01)",
                   "create t_p20260501 [26-05-01, 26-06-01)"}));
}

TEST(PartitionPlan, WhatIsBeforeTheFirstPartitionIsNoGap) {
  const Situation situation = at(day(2026, 3, 17), {partition_of(day(2026, 3, 1), day(2026, 4, 1))});
  EXPECT_EQ(planned(monthly(0), situation), Lines{});
}

TEST(PartitionPlan, ThePresentIsCoveredAlsoBeforeTheFirstPartition) {
  const Situation situation = at(day(2026, 3, 17), {partition_of(day(2026, 5, 1), day(2026, 6, 1))});
  EXPECT_EQ(planned(monthly(0), situation), (Lines{"create t_p20260301 [26-03-01, 26-04-01)"}));
  EXPECT_EQ(planned(monthly(3), situation),
            (Lines{"create t_p20260301 [26-03-01, 26-04-01)", "create t_p20260401 [26-04-01, 26-05-01)",
                   "create t_p20260601 [26-06-01, 26-07-01)"}));
}

TEST(PartitionPlan, AfterALegacyPartitionOnlyTheRestOfTheStepIsMade) {
  const Situation situation = at(day(2026, 3, 17), {partition_of(kMinimum, day(2026, 4, 10))});
  EXPECT_EQ(planned(monthly(2), situation),
            (Lines{"create t_p20260410 [26-04-10, 26-05-01)", "create t_p20260501 [26-05-01, 26-06-01)"}));
}

TEST(PartitionPlan, IrregularPartitionsAreRespected) {
  const Situation situation = at(day(2026, 1, 5), {partition_of(day(2026, 1, 1), day(2026, 1, 20)),
                                                   partition_of(day(2026, 2, 10), day(2026, 2, 20))});
  EXPECT_EQ(planned(monthly(1), situation),
            (Lines{"create t_p20260120 [26-01-20, 26-02-01)", "create t_p20260201 [26-02-01, 26-02-10)",
                   "create t_p20260220 [26-02-20, 26-03-01)"}));
}

TEST(PartitionPlan, APartitionWithoutUpperBoundLeavesNothingToMake) {
  const Situation situation = at(day(2026, 3, 17), {partition_of(day(2026, 1, 1), kMaximum)});
  EXPECT_EQ(planned(monthly(4), situation), Lines{});
}

TEST(PartitionPlan, APartitionFarAheadIsNotFilledUpTo) {
  const Situation situation = at(day(2026, 3, 17), {partition_of(day(2026, 3, 1), day(2026, 4, 1)),
                                                    partition_of(day(9000, 1, 1), day(9001, 1, 1))});
  EXPECT_EQ(planned(monthly(1), situation), (Lines{"create t_p20260401 [26-04-01, 26-05-01)"}));
}

TEST(PartitionPlan, TheDefaultPartitionIsNeitherGapNorCover) {
  Partition other = partition_of(kMinimum, kMaximum, "t_default");
  other.is_default = true;
  Set set = monthly(0);
  set.retention = Step{.days = 1};
  EXPECT_EQ(planned(set, at(day(2026, 3, 17), {other})), (Lines{"create t_p20260301 [26-03-01, 26-04-01)"}));
}

TEST(PartitionPlan, WhatIsPastItsRetentionIsRetiredOldestFirst) {
  Set set = monthly(0);
  set.retention = Step{.months = 2};
  Situation situation = at(day(2026, 5, 1));
  for (int month = 1; month <= 5; ++month)
    situation.partitions.push_back(
        partition_of(day(2026, month, 1), day(2026, month + 1, 1), "p" + std::to_string(month)));
  EXPECT_EQ(planned(set, situation), (Lines{"drop p1 [26-01-01, 26-02-01)", "drop p2 [26-02-01, 26-03-01)"}));
}

TEST(PartitionPlan, APartitionThatStraddlesTheRetentionStays) {
  Set set = monthly(0);
  set.retention = Step{.days = 30};
  Situation situation = at(day(2026, 3, 31), {partition_of(day(2026, 2, 1), day(2026, 3, 1), "feb"),
                                              partition_of(day(2026, 3, 1), day(2026, 4, 1), "mar")});
  EXPECT_EQ(planned(set, situation), (Lines{"drop feb [26-02-01, 26-03-01)"}));
  situation.now -= 1;
  EXPECT_EQ(planned(set, situation), Lines{});
}

TEST(PartitionPlan, RetirementTakesTheSetsWay) {
  Set set = monthly(0);
  set.retention = Step{.days = 1};
  const Situation situation = at(day(2026, 3, 17), {partition_of(day(2026, 1, 1), day(2026, 2, 1), "jan"),
                                                    partition_of(day(2026, 2, 1), day(2026, 4, 1))});
  for (const Retire way : {Retire::drop, Retire::detach, Retire::archive, Retire::export_}) {
    set.retire = way;
    const std::vector<Action> actions = plan(set, situation);
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(name_of(actions[0].kind), name_of(way));
    EXPECT_EQ(actions[0].oid, situation.partitions[0].oid);
    EXPECT_EQ(actions[0].schema, "shop");
    EXPECT_TRUE(actions[0].attached);
  }
}

TEST(PartitionPlan, ForeignTablesAreNeverRetired) {
  Set set = monthly(0);
  set.retention = Step{.days = 1};
  Situation situation = at(day(2026, 3, 17), {partition_of(day(2020, 1, 1), day(2026, 3, 1)),
                                              partition_of(day(2026, 3, 1), day(2026, 4, 1))});
  situation.partitions[0].foreign = true;
  EXPECT_EQ(planned(set, situation), Lines{});
}

TEST(PartitionPlan, NothingIsMadeForWhatIsPastItsRetention) {
  Set set = monthly(0);
  set.retention = Step{.months = 1};
  const Situation situation = at(day(2026, 5, 17), {partition_of(day(2020, 1, 1), day(2020, 2, 1), "old")});
  EXPECT_EQ(planned(set, situation),
            (Lines{"create t_p20260401 [26-04-01, 26-05-01)", "create t_p20260501 [26-05-01, 26-06-01)",
                   "drop old [20-01-01, 20-02-01)"}));
}

TEST(PartitionPlan, TheOldestPartWithinTheRetentionIsMadeWhole) {
  Set set = monthly(0);
  set.retention = Step{.days = 10};
  const Situation situation = at(day(2026, 5, 5), {partition_of(day(2026, 1, 1), day(2026, 2, 1), "old")});
  EXPECT_EQ(planned(set, situation).front(), "create t_p20260401 [26-04-01, 26-05-01)");
}

TEST(PartitionPlan, APieceBeforeAnIrregularPartitionIsNotMadePastItsRetention) {
  Set set = monthly(0);
  set.retention = Step{.days = 10};  // from 2026-04-25
  const Situation situation = at(day(2026, 5, 5), {partition_of(day(2026, 3, 1), day(2026, 3, 20), "old"),
                                                   partition_of(day(2026, 4, 10), day(2026, 6, 1))});
  EXPECT_EQ(planned(set, situation), (Lines{"drop old [26-03-01, 26-03-20)"}));
}

TEST(PartitionPlan, ALegacyPartitionIsRetiredAsAWhole) {
  Set set = monthly(0);
  set.retention = Step{.months = 1};
  const auto legacy = [&](Position now) {
    return planned(set, at(now, {partition_of(kMinimum, day(2026, 4, 1), "legacy"),
                                 partition_of(day(2026, 4, 1), day(2026, 6, 1))}));
  };
  EXPECT_EQ(legacy(day(2026, 4, 30)), Lines{});
  EXPECT_EQ(legacy(day(2026, 5, 1)), (Lines{"drop legacy [MINVALUE, 26-04-01)"}));
}

TEST(PartitionPlan, PendingDetachesComeFirst) {
  Set set = monthly(1);
  set.retention = Step{.months = 1};
  Situation situation = at(day(2026, 3, 17), {partition_of(day(2026, 1, 1), day(2026, 2, 1), "jan"),
                                              partition_of(day(2026, 2, 1), day(2026, 4, 1), "feb")});
  situation.partitions[0].detaching = true;
  EXPECT_EQ(planned(set, situation),
            (Lines{"finalize jan [26-01-01, 26-02-01)", "create t_p20260401 [26-04-01, 26-05-01)"}));
}

TEST(PartitionPlan, ARetirementThatWasBegunIsFinishedOnATable) {
  Set set = monthly(0);
  Situation situation = at(day(2026, 3, 17), {partition_of(day(2026, 1, 1), day(2026, 2, 1), "jan"),
                                              partition_of(day(2026, 2, 1), day(2026, 4, 1), "feb")});
  situation.partitions[0].detaching = situation.partitions[0].retiring = true;
  const std::vector<Action> actions = plan(set, situation);
  EXPECT_EQ(lines(set, actions),
            (Lines{"finalize jan [26-01-01, 26-02-01)", "drop jan [26-01-01, 26-02-01)"}));
  EXPECT_TRUE(actions[0].attached);
  EXPECT_FALSE(actions[1].attached);
  set.retire = Retire::detach;
  EXPECT_EQ(planned(set, situation), (Lines{"finalize jan [26-01-01, 26-02-01)"}));
}

TEST(PartitionPlan, APendingDetachStillTakesItsPlace) {
  Situation situation = at(day(2026, 3, 17), {partition_of(day(2026, 3, 1), day(2026, 4, 1), "mar")});
  situation.partitions[0].detaching = true;
  EXPECT_EQ(planned(monthly(0), situation), (Lines{"finalize mar [26-03-01, 26-04-01)"}));
}

TEST(PartitionPlan, TakenNamesGetANumber) {
  Situation situation = at(day(2026, 3, 17));
  situation.taken = {"t_p20260301", "t_p20260301_1"};
  EXPECT_EQ(plan(monthly(0), situation)[0].partition, "t_p20260301_2");
}

TEST(PartitionPlan, TakenNamesThatAreFullStayWithin63Bytes) {
  Set set = monthly(0);
  set.table = std::string(63, 'x');
  Situation situation = at(day(2026, 3, 17));
  const std::string first = plan(set, situation)[0].partition;
  situation.taken = {first};
  const std::string second = plan(set, situation)[0].partition;
  EXPECT_NE(second, first);
  EXPECT_EQ(second.size(), 63u);
  EXPECT_TRUE(second.ends_with("_1"));
}

TEST(PartitionPlan, NewPartitionsDoNotTakeEachOthersNames) {
  // Both begin within the same second of the clock, off the grid.
  Set set = set_of(KeyKind::timestamptz, "1 day", 0);
  const Position now = day(2026, 3, 17);
  const Situation situation = at(now, {partition_of(now, now + 10), partition_of(now + 20, now + 30)});
  EXPECT_EQ(planned(set, situation), (Lines{"create t_p20260317_00 [26-03-17, 26-03-17)",
                                            "create t_p20260317_00_1 [26-03-17, 26-03-18)"}));
}

TEST(PartitionPlan, IntegersPremakeBeyondTheGreatestKey) {
  EXPECT_EQ(planned(hundreds(2), at(250, {partition_of(0, 300)})),
            (Lines{"create t_p300 [300, 400)", "create t_p400 [400, 500)"}));
}

TEST(PartitionPlan, IntegersOfAnEmptyTableBeginAtZero) {
  Situation situation = at(0);
  situation.any_rows = false;
  EXPECT_EQ(planned(hundreds(1), situation), (Lines{"create t_p0 [0, 100)", "create t_p100 [100, 200)"}));
}

TEST(PartitionPlan, IntegersOfAnEmptyTableDoNotGrowWithEveryPass) {
  Situation situation = at(0);
  situation.any_rows = false;
  for (int pass = 0; pass < 3; ++pass)
    situation = after(hundreds(2), situation);
  EXPECT_EQ(situation.partitions.size(), 3u);
}

TEST(PartitionPlan, IntegersOfAnEmptyTableGoOnFromItsPartitions) {
  Situation situation = at(0, {partition_of(500, 600)});
  situation.any_rows = false;
  EXPECT_EQ(planned(hundreds(1), situation), (Lines{"create t_p600 [600, 700)"}));
  situation.partitions = {partition_of(kMinimum, 500)};
  EXPECT_EQ(planned(hundreds(1), situation), (Lines{"create t_p500 [500, 600)", "create t_p600 [600, 700)"}));
}

TEST(PartitionPlan, IntegersOfAnEmptyTableBeginAtStart) {
  Situation situation = at(0);
  situation.any_rows = false;
  situation.start = 1'050;
  EXPECT_EQ(planned(hundreds(1), situation),
            (Lines{"create t_p1000 [1000, 1100)", "create t_p1100 [1100, 1200)"}));
}

TEST(PartitionPlan, IntegersHaveAHorizonAndARetentionInNumbers) {
  Set set = hundreds(0);
  set.horizon = Step{.units = 250};
  set.retention = Step{.units = 300};
  const Situation situation =
      at(550, {partition_of(100, 200, "a"), partition_of(200, 300, "b"), partition_of(300, 600, "c")});
  EXPECT_EQ(planned(set, situation),
            (Lines{"create t_p600 [600, 700)", "create t_p700 [700, 800)", "drop a [100, 200)"}));
}

TEST(PartitionPlan, IntegersWithoutARowAreNotRetired) {
  Set set = hundreds(0);
  set.retention = Step{.units = 1};
  Situation situation = at(0, {partition_of(-500, -400), partition_of(-400, -300)});
  situation.any_rows = false;
  EXPECT_EQ(planned(set, situation), Lines{});
}

TEST(PartitionPlan, NarrowColumnsEndInMaxvalue) {
  Set set = set_of(KeyKind::integer, "10000", 9);
  set.grid.column = range_of(KeyKind::integer, 2);
  EXPECT_EQ(planned(set, at(25'000, {partition_of(0, 20'000)})),
            (Lines{"create t_p20000 [20000, 30000)", "create t_p30000 [30000, MAXVALUE)"}));
}

deal::Error error_of(const Set& set, const Situation& situation, std::optional<Position> until, int most) {
  try {
    plan(set, situation, until, most);
  } catch (const deal::Error& error) {
    return error;
  }
  return {"00000", "no error"};
}

TEST(PartitionPlan, TooManyCreationsAreAnErrorThatNamesAStep) {
  const Set set = set_of(KeyKind::timestamptz, "1 day", 0);
  const deal::Error error = error_of(set, at(day(2026, 1, 1)), day(2027, 1, 1), 100);
  EXPECT_EQ(error.sqlstate(), "54000");
  EXPECT_EQ(error.message(), "too many partitions are needed: 365");
  EXPECT_EQ(error.detail_text(),
            "From 2026-01-01 00:00:00+00 to 2027-01-01 00:00:00+00 in steps of 1 day; at most 100 are "
            "created at once.");
  EXPECT_EQ(error.hint_text(), "A step of '7 days' would do.");
}

TEST(PartitionPlan, JustAsManyAsAllowedAreMade) {
  const Set set = set_of(KeyKind::timestamptz, "1 day", 0);
  EXPECT_EQ(plan(set, at(day(2026, 1, 1)), day(2027, 1, 1), 365).size(), 365u);
  EXPECT_EQ(error_of(set, at(day(2026, 1, 1)), day(2027, 1, 2), 365).sqlstate(), "54000");
}

TEST(PartitionPlan, AbsurdWishesAreRefusedAtOnce) {
  const Set minutes = set_of(KeyKind::timestamptz, "1 minute", 4);
  const Set ones = set_of(KeyKind::integer, "1", 4);
  EXPECT_EQ(error_of(minutes, at(day(2026, 1, 1)), kMaximum, 10'000).sqlstate(), "54000");
  EXPECT_EQ(error_of(minutes, at(day(2026, 1, 1), {partition_of(day(1, 1, 1), day(1, 1, 2))}), {}, 10'000)
                .sqlstate(),
            "54000");
  EXPECT_EQ(error_of(ones, at(kMaximum - 1, {partition_of(kMinimum, 0)}), {}, 10'000).sqlstate(), "54000");
  EXPECT_EQ(error_of(minutes, at(day(2026, 1, 1)), kMaximum, 10'000).hint_text(),
            "Reach less far, or cover the time in between by one partition of your own.");
}

TEST(PartitionPlan, AnAbsurdPremakeIsRefusedAtOnce) {
  Set set = set_of(KeyKind::timestamptz, "1 day", 2'000'000'000);
  EXPECT_EQ(error_of(set, at(day(2026, 1, 1)), {}, 10'000).sqlstate(), "54000");
}

TEST(PartitionPlan, WhatIsPastItsRetentionDoesNotCountAsTooMany) {
  Set set = set_of(KeyKind::timestamptz, "1 day", 0);
  set.retention = Step{.days = 30};
  EXPECT_EQ(plan(set, at(day(2026, 1, 1), {partition_of(day(1, 1, 1), day(1, 1, 2))}), {}, 40).size(), 32u);
}

TEST(PartitionPlan, AtTheEndOfTimeThereIsMaxvalue) {
  const Set set = set_of(KeyKind::timestamptz, "1 year", 3);
  const std::vector<Action> actions = plan(set, at(day(294'276, 5, 1)));
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].upper, kMaximum);
}

}  // namespace
