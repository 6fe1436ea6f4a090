#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/partition/move.hpp"
#include "core/partition/move_ranges.hpp"

namespace {

using namespace deal::partition;

constexpr Position kJanuary = 820'540'800 * kSecond;  // 2026-01-01 UTC, from 2000-01-01
constexpr Position kFebruary = kJanuary + 31 * kDay;
constexpr Position kMarch = kFebruary + 28 * kDay;

Grid months() {
  Grid grid;
  grid.step.months = 1;
  return grid;
}

Partition part(const char* name, Position lower, Position upper) {
  Partition partition;
  partition.name = name;
  partition.lower = lower;
  partition.upper = upper;
  return partition;
}

Partition default_part() {
  Partition partition;
  partition.name = "t_default";
  partition.is_default = true;
  return partition;
}

TEST(FreeRanges, AreTheGridsStepsFromTheOneThatHoldsTheKey) {
  auto const ranges = free_ranges(months(), {}, kJanuary + kDay, kFebruary + kDay, 100);
  EXPECT_EQ(ranges, (std::vector<KeyRange>{{kJanuary, kFebruary}, {kFebruary, kMarch}}));
}

TEST(FreeRanges, LeaveOutWhatHasAPartition) {
  std::vector<Partition> const there = {part("t1", kJanuary, kFebruary), default_part()};
  auto const ranges = free_ranges(months(), there, kJanuary + kDay, kMarch, 100);
  EXPECT_EQ(ranges, (std::vector<KeyRange>{{kFebruary, kMarch}}));
}

TEST(FreeRanges, AreCutWhereAnIrregularPartitionLies) {
  std::vector<Partition> const there = {part("t1", kJanuary + 9 * kDay, kJanuary + 12 * kDay)};
  auto const ranges = free_ranges(months(), there, kJanuary, kFebruary, 100);
  EXPECT_EQ(ranges,
            (std::vector<KeyRange>{{kJanuary, kJanuary + 9 * kDay}, {kJanuary + 12 * kDay, kFebruary}}));
}

TEST(FreeRanges, EndAtTheMostAskedFor) {
  EXPECT_EQ(free_ranges(months(), {}, kJanuary, kMaximum, 3).size(), 3U);
}

TEST(FreeRanges, AreNoneAfterAPartitionWithoutAnEnd) {
  std::vector<Partition> const there = {part("t1", kJanuary, kMaximum)};
  EXPECT_TRUE(free_ranges(months(), there, kFebruary, kMaximum, 100).empty());
}

TEST(Covered, JoinsNeighboursAndSorts) {
  std::vector<Partition> const there = {part("t1", kFebruary, kMarch), default_part()};
  std::vector<KeyRange> const more = {{kJanuary, kFebruary}, {kMarch + kDay, kMarch + 2 * kDay}};
  EXPECT_EQ(covered(there, more),
            (std::vector<KeyRange>{{kJanuary, kMarch}, {kMarch + kDay, kMarch + 2 * kDay}}));
}

TEST(SplitRange, GivesThePartsInOrderWhateverTheOrderOfTheCuts) {
  auto const parts = split_range(months(), {kJanuary, kFebruary},
                                 {kJanuary + 20 * kDay, kJanuary + 10 * kDay, kJanuary + 10 * kDay});
  EXPECT_EQ(parts, (std::vector<KeyRange>{{kJanuary, kJanuary + 10 * kDay},
                                          {kJanuary + 10 * kDay, kJanuary + 20 * kDay},
                                          {kJanuary + 20 * kDay, kFebruary}}));
}

std::string sqlstate_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const deal::Error& error) {
    return error.sqlstate();
  }
  return "none";
}

TEST(SplitRange, RefusesACutAtOrBeyondAnEnd) {
  for (Position const cut : {kJanuary, kFebruary, kMarch, kJanuary - 1})
    EXPECT_EQ(sqlstate_of([&] { split_range(months(), {kJanuary, kFebruary}, {cut}); }), "22023") << cut;
}

TEST(SplitRange, RefusesToSplitNowhere) {
  EXPECT_EQ(sqlstate_of([] { split_range(months(), {kJanuary, kFebruary}, {}); }), "22023");
}

TEST(GridCuts, AreTheBoundariesStrictlyInside) {
  EXPECT_EQ(grid_cuts(months(), {kJanuary, kMarch}, 10), (std::vector<Position>{kFebruary}));
  EXPECT_TRUE(grid_cuts(months(), {kJanuary, kFebruary}, 10).empty());
}

TEST(GridCuts, AreBounded) {
  EXPECT_EQ(sqlstate_of([] { grid_cuts(months(), {kJanuary, kJanuary + 4000 * kDay}, 10); }), "54000");
}

TEST(MergedRange, SpansNeighbours) {
  std::vector<Partition> const parts = {part("a", kJanuary, kFebruary), part("b", kFebruary, kMarch)};
  EXPECT_EQ(merged_range(months(), parts), (KeyRange{kJanuary, kMarch}));
}

TEST(MergedRange, RefusesAGapAndASinglePartition) {
  std::vector<Partition> const gap = {part("a", kJanuary, kFebruary), part("b", kMarch, kMaximum)};
  EXPECT_EQ(sqlstate_of([&] { merged_range(months(), gap); }), "22023");
  EXPECT_EQ(sqlstate_of([&] { merged_range(months(), std::span(gap).first(1)); }), "22023");
}

TEST(Conditions, NameTheBoundariesAndNull) {
  EXPECT_EQ(range_condition(KeyKind::integer, "n", {10, 20}), "n is not null and n >= 10 and n < 20");
  EXPECT_EQ(range_condition(KeyKind::integer, "Key", {kMinimum, 20}), "\"Key\" is not null and \"Key\" < 20");
  std::vector<KeyRange> const ranges = {{kMinimum, 5}, {10, 20}, {30, kMaximum}};
  EXPECT_EQ(default_condition(KeyKind::integer, "n", ranges),
            "n is null or (n >= 5) and (n < 10 or n >= 20) and (n < 30)");
  EXPECT_EQ(default_condition(KeyKind::integer, "n", {}), "true");
}

TEST(Conditions, OfADefaultPartitionBesideAllKeysLeaveNull) {
  std::vector<KeyRange> const all = {{kMinimum, kMaximum}};
  EXPECT_EQ(default_condition(KeyKind::integer, "n", all), "n is null");
}

Move sample(MoveKind kind) {
  Move move;
  move.kind = kind;
  move.parent = 7;
  move.schema = move.target_schema = "shop";
  move.table = "Prices";
  move.partition_key = "RANGE (at)";
  move.columns = {"id", "at", "Price"};
  move.key = {{"id", "pg_catalog.=", false}, {"at", "pg_catalog.=", false}};
  move.sources.emplace_back();
  move.sources[0].schema = "shop";
  move.sources[0].name = "prices_default";
  move.sources[0].key_numbers = {1, 3};
  move.sources[0].own_triggers = {"CREATE TRIGGER own"};
  MoveTarget leaf;
  leaf.name = leaf.working = "prices_p1";
  leaf.like = "shop.\"Prices\"";
  leaf.lower = "1";
  leaf.upper = "2";
  leaf.check = "at is not null";
  leaf.finish = {"FINISH"};
  MoveTarget rest = leaf;
  rest.name = "prices_default";
  rest.working = "deal_move_7_new1";
  rest.lower = rest.upper = "";
  rest.index_names = {{12, "prices_default_pkey", ""}};
  move.targets = {leaf, rest};
  move.foreign_keys = {{"fk", "FOREIGN KEY (p) REFERENCES q(id)", true},
                       {"nv", "FOREIGN KEY (p) REFERENCES r(id) NOT VALID", false}};
  return move;
}

std::string joined(const std::vector<std::string>& statements) {
  std::string text;
  for (auto const& statement : statements)
    text += statement + ";\n";
  return text;
}

TEST(MoveStatements, SurviveTheWayThroughJson) {
  Move move = sample(MoveKind::split);
  move.default_table = "d";
  move.keep_old = "kept";
  EXPECT_EQ(to_json(move_from_json(to_json(move))).dump(), to_json(move).dump());
  EXPECT_EQ(joined(swap_statements(move_from_json(to_json(move)))), joined(swap_statements(move)));
}

TEST(MoveStatements, LockTheParentBeforeThePartition) {
  auto const locks = lock_statements(sample(MoveKind::drain));
  ASSERT_EQ(locks.size(), 2U);
  EXPECT_EQ(locks[0], "lock table only shop.\"Prices\" in access exclusive mode");
  EXPECT_EQ(locks[1], "lock table shop.prices_default in access exclusive mode");
}

TEST(MoveStatements, ADrainSwapsOneTableWhateverTheNumberOfTargets) {
  std::string const swap = joined(swap_statements(sample(MoveKind::drain)));
  EXPECT_EQ(swap,
            "alter table shop.\"Prices\" detach partition shop.prices_default;\n"
            "alter table shop.\"Prices\" attach partition shop.deal_move_7_frame default;\n"
            "alter table shop.prices_default rename to deal_move_7_old1;\n"
            "alter table shop.deal_move_7_new1 rename to prices_default;\n"
            "CREATE TRIGGER own;\n");
}

TEST(MoveStatements, ASplitAttachesEachTarget) {
  Move move = sample(MoveKind::split);
  move.default_table = "shop.d";
  std::string const swap = joined(swap_statements(move));
  EXPECT_NE(swap.find("attach partition shop.prices_p1 for values from (1) to (2)"), std::string::npos);
  EXPECT_EQ(swap.find("CREATE TRIGGER"), std::string::npos);
  EXPECT_NE(swap.find("alter table if exists shop.d drop constraint if exists deal_move_default"),
            std::string::npos);
}

TEST(MoveStatements, SettlingTheDefaultTargetTakesTheFramesPlace) {
  Move const move = sample(MoveKind::drain);
  std::string const text = joined(settle_statements(move, move.targets[1]));
  EXPECT_EQ(text,
            "lock table only shop.\"Prices\" in access exclusive mode;\n"
            "alter table shop.\"Prices\" detach partition shop.deal_move_7_frame;\n"
            "alter table shop.deal_move_7_frame detach partition shop.prices_default;\n"
            "alter table shop.\"Prices\" attach partition shop.prices_default default;\n"
            "alter table shop.prices_default drop constraint deal_move_range;\n"
            "FINISH;\n");
}

TEST(MoveStatements, ForeignKeysAreAddedWithoutAScan) {
  Move const move = sample(MoveKind::drain);
  auto const keys = foreign_key_statements(move, move.targets[0]);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_TRUE(keys[0].ends_with("REFERENCES q(id) not valid"));
  EXPECT_TRUE(keys[1].ends_with("REFERENCES r(id) NOT VALID"));
}

TEST(MoveStatements, RenewOneConditionForEachWayThatAKeyIsFound) {
  Move move = sample(MoveKind::drain);
  EXPECT_EQ(renew_statements(move, "frame").size(), 2U);
  move.key[1].nullable = true;
  auto const statements = renew_statements(move, "frame");
  ASSERT_EQ(statements.size(), 4U);
  EXPECT_NE(statements[1].find("where (k.at is null) and t.id operator(pg_catalog.=) k.id and (t.at "
                               "operator(pg_catalog.=) k.at or t.at is null and k.at is null)"),
            std::string::npos);
}

TEST(MoveStatements, KeepOldNamesThem) {
  Move move = sample(MoveKind::merge);
  EXPECT_EQ(joined(drop_old_statements(move)), "drop table if exists shop.deal_move_7_old1;\n");
  move.sources.push_back(move.sources[0]);
  move.keep_old = "kept";
  std::string const text = joined(drop_old_statements(move));
  EXPECT_NE(text.find("alter table if exists shop.deal_move_7_old2 rename to kept_2"), std::string::npos);
}

TEST(MoveStatements, CaptureNamesTheLogAndTheKeysColumns) {
  Move const move = sample(MoveKind::drain);
  auto const statements = capture_statements(move, move.sources[0]);
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_NE(statements[0].find("partition_capture('shop', 'deal_move_7_log', '1', '3')"), std::string::npos);
}

}  // namespace
