/// Which tables should be partitioned, over tables made by hand.

#include <gtest/gtest.h>

#include <string>

#include "core/partition/advice.hpp"

namespace deal::partition {
namespace {

constexpr std::int64_t kGigabyte = 1LL << 30;

/// Two years of events, 100 GB, written in time order.
AdviceTable events() {
  AdviceTable table;
  table.schema = "shop";
  table.name = "events";
  table.identity = "shop.events";
  table.bytes = 100 * kGigabyte;
  table.rows = 5e8;
  table.inserts = 1e8;
  table.stats_days = 100;
  table.workload_time = 1000;
  AdviceColumn id{"id", KeyKind::integer, true};
  id.correlation = 1;
  id.least = 1;
  id.greatest = 500'000'000;
  AdviceColumn at{"created_at", KeyKind::timestamptz, true, true};
  at.correlation = 0.99;
  at.least = 0;
  at.greatest = 730 * kDay;
  AdviceColumn tenant{"tenant_id", KeyKind::integer, true};
  tenant.distinct = 400;
  tenant.most_common = 0.1;
  table.columns = {id, at, tenant};
  table.keys = {{"events_pkey", {0}}};
  return table;
}

/// The same without a fit time column.
AdviceTable tenants() {
  AdviceTable table = events();
  table.columns[1].correlation = 0.1;
  table.columns[1].now_by_default = false;
  table.columns[2].use.equal_time = 950;
  return table;
}

std::vector<AdviceRow> advice_for(const std::vector<AdviceTable>& tables) {
  return advise(tables, {});
}

TEST(PartitionAdvice, SplitsEventsByTheirTime) {
  std::vector<AdviceTable> const tables{events()};
  auto const rows = advice_for(tables);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].method, Method::range);
  EXPECT_EQ(rows[0].column, "created_at");
  EXPECT_EQ(rows[0].step, "1 month");
  EXPECT_EQ(rows[0].partitions, 24);
  EXPECT_EQ(rows[0].ddl.back(),
            "CALL deal_advisor.partition_convert('shop.events', 'created_at', '1 month')");
}

TEST(PartitionAdvice, LeavesSmallTablesAlone) {
  std::vector<AdviceTable> tables{events()};
  tables[0].bytes = 9 * kGigabyte;
  EXPECT_TRUE(advice_for(tables).empty());
  EXPECT_EQ(advise(tables, {kGigabyte}).size(), 1u);
}

TEST(PartitionAdvice, LeavesTablesWithoutReasonAlone) {
  std::vector<AdviceTable> tables{events()};
  tables[0].columns[1].correlation = 0.1;
  tables[0].columns[1].now_by_default = false;
  EXPECT_TRUE(advice_for(tables).empty());
}

TEST(PartitionAdvice, AColumnThatChangesIsNoKey) {
  std::vector<AdviceTable> tables{events()};
  tables[0].columns[1].name = "updated_at";
  tables[0].columns[1].use.update_calls = 5e7;
  EXPECT_TRUE(advice_for(tables).empty());
}

TEST(PartitionAdvice, RetentionDeletesRaiseItAndSaveTime) {
  std::vector<AdviceTable> tables{events(), events()};
  tables[1].identity = "shop.log";
  tables[1].columns[1].use.delete_time = 300;
  tables[1].columns[1].use.delete_calls = 7;
  auto const rows = advice_for(tables);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].table->identity, "shop.log");
  EXPECT_DOUBLE_EQ(rows[0].deleted_pct, 30);
  EXPECT_GT(rows[0].confidence, rows[1].confidence);
}

TEST(PartitionAdvice, SaysWhatPruningSaves) {
  std::vector<AdviceTable> tables{events()};
  tables[0].columns[1].use.range_time = 600;
  tables[0].columns[1].use.range_kept = 6;
  auto const rows = advice_for(tables);
  EXPECT_DOUBLE_EQ(rows.at(0).pruned_pct, 60);
  EXPECT_NE(rows[0].benefits.front().find("they keep about 1.0 %"), std::string::npos)
      << rows[0].benefits.front();
}

TEST(PartitionAdvice, KeysWithoutTheColumnAreACost) {
  std::vector<AdviceTable> tables{events()};
  EXPECT_NE(advice_for(tables).at(0).costs.front().find("events_pkey (id) lacks the column"),
            std::string::npos);
  tables[0].keys = {{"events_pkey", {0, 1}}};
  EXPECT_EQ(advice_for(tables).at(0).costs.front().find("events_pkey"), std::string::npos);
}

TEST(PartitionAdvice, ForeignKeysThatReferToItAreInTheWay) {
  std::vector<AdviceTable> tables{events()};
  double const free = advice_for(tables).at(0).confidence;
  tables[0].referenced_by = {"clicks_event_fkey of shop.clicks"};
  auto const row = advice_for(tables).at(0);
  ASSERT_EQ(row.blockers.size(), 1u);
  EXPECT_LT(row.confidence, free);
}

TEST(PartitionAdvice, ANumberIsAKeyWhereOldRowsAreDeletedByIt) {
  std::vector<AdviceTable> tables{events()};
  tables[0].columns.erase(tables[0].columns.begin() + 1);
  EXPECT_TRUE(advice_for(tables).empty());
  tables[0].columns[0].use.delete_calls = 3;
  tables[0].columns[0].use.delete_time = 100;
  auto const row = advice_for(tables).at(0);
  EXPECT_EQ(row.column, "id");
  EXPECT_EQ(row.step, "50000000");
  EXPECT_EQ(row.partitions, 10);
}

TEST(PartitionAdvice, TenantsAreSpreadWhereNearlyEveryStatementNamesOne) {
  std::vector<AdviceTable> tables{tenants()};
  auto const row = advice_for(tables).at(0);
  EXPECT_EQ(row.method, Method::hash);
  EXPECT_EQ(row.column, "tenant_id");
  EXPECT_EQ(row.partitions, 16);
  EXPECT_EQ(row.ddl.size(), 17u);
  tables[0].columns[2].use.equal_time = 700;
  EXPECT_TRUE(advice_for(tables).empty());
}

TEST(PartitionAdvice, FewTenantsGetAPartitionEach) {
  std::vector<AdviceTable> tables{tenants()};
  tables[0].columns[2].distinct = 12;
  EXPECT_EQ(advice_for(tables).at(0).method, Method::list);
  tables[0].columns[2].most_common = 0.9;
  EXPECT_TRUE(advice_for(tables).empty()) << "one partition would hold the table";
}

TEST(PartitionAdvice, WithoutStatisticsTheRateOfInsertsTellsTheSpan) {
  std::vector<AdviceTable> tables{events()};
  tables[0].columns[1].least.reset();
  tables[0].columns[1].greatest.reset();
  auto const row = advice_for(tables).at(0);
  EXPECT_EQ(row.step, "7 days") << "5e8 rows at 1e6 a day are 500 days";
  tables[0].inserts = 0;
  EXPECT_LT(advice_for(tables).at(0).confidence, row.confidence);
}

TEST(PartitionStep, KeepsNumberAndSizeWithinTheLimits) {
  auto const step = [](std::int64_t gigabytes, std::int64_t days) {
    auto const found = step_for(gigabytes * kGigabyte, days * kDay);
    return found ? to_string(KeyKind::timestamptz, *found) : "none";
  };
  EXPECT_EQ(step(100, 730), "1 month");
  EXPECT_EQ(step(1000, 365), "7 days");
  EXPECT_EQ(step(4000, 365), "1 day");
  EXPECT_EQ(step(200, 30), "1 day");
  EXPECT_EQ(step(100, 20 * 365), "3 months");
  EXPECT_EQ(step(100, 25 * 365), "1 year");
  EXPECT_EQ(step(100, 0), "none");
}

}  // namespace
}  // namespace deal::partition
