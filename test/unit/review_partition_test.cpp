/// The checks of partitioned tables, over models made by hand.

#include <gtest/gtest.h>

#include <string>

#include "catalog_model.hpp"
#include "core/review/partition_facts.hpp"

namespace deal::review {
namespace {

constexpr std::int64_t kDay = Model::kDay;

/// A table partitioned by day: partitions from `first` to before `last`, in days from now.
class Events : public Model {
 public:
  explicit Events(int first = -5, int last = 6) {
    table("events", {"id", "at"});
    last_table().kind = TableKind::partitioned;
    PartitionKey key;
    key.axis = PartitionAxis::time;
    key.columns = {2};
    key.definition = "RANGE (at)";
    catalog().partition_keys.push_back(key);
    // The review is at noon of its day.
    catalog().server.now = 20'000 * kDay + kDay / 2;
    for (int day = first; day < last; ++day)
      leaf(day);
  }

  /// The partition of one day; everything of it is added before the next one.
  Events& leaf(int day, double rows = 100) {
    std::string const name = "events_" + std::to_string(catalog().tables.size());
    add_leaf(name, rows);
    PartitionBound& bound = bounds().back();
    bound.from = midnight() + day * kDay;
    bound.to = bound.from + kDay;
    bound.lower = '\'' + position_text(PartitionAxis::time, bound.from) + '\'';
    bound.upper = '\'' + position_text(PartitionAxis::time, bound.to) + '\'';
    bound.bounds = "FOR VALUES FROM (" + bound.lower + ") TO (" + bound.upper + ")";
    return *this;
  }

  Events& standard(double rows, std::int64_t pages = 10) {
    add_leaf("events_default", rows);
    last_table().pages = pages;
    bounds().back().is_default = true;
    return *this;
  }

  /// Four partitions ahead, rows for a month.
  PartitionSet& keep() {
    PartitionSet set;
    set.schema = "shop";
    set.name = "events";
    set.identity = "shop.events";
    set.table = 0;
    set.exists = true;
    set.owner = set.owner_now = "seller";
    set.column = "at";
    set.step = "1 day";
    set.step_length = kDay;
    set.premake = 4;
    set.wanted_until = midnight() + 5 * kDay;
    set.enable_call = "SELECT deal_advisor.partition_enable('shop.events', 'at', '1 day')";
    set.run_known = true;
    set.last_run = set.last_ok = catalog().server.now - kDay / 24;
    catalog().partition_sets = {set};
    return catalog().partition_sets.back();
  }

  Events& inserts() {
    for (auto& table : catalog().tables)
      table.inserts = 10;
    return *this;
  }

  std::vector<PartitionBound>& bounds() { return catalog().partition_bounds; }

 private:
  std::int64_t midnight() { return now_on_axis(catalog()) - kDay / 2; }

  void add_leaf(const std::string& name, double rows) {
    table(name, {"id", "at"}, rows);
    last_table().partition = true;
    last_table().parent = 0;
    PartitionBound bound;
    bound.table = static_cast<int>(catalog().tables.size()) - 1;
    bound.identity = "shop." + name;
    bounds().push_back(bound);
  }
};

/// Gives the last leaf an index that hangs on no other.
void loose_index(Model& model, const std::string& name, std::vector<int> keys, const std::string& list,
                 bool unique = false) {
  model.index(name, std::move(keys));
  model.last_index().unique = unique;
  model.last_index().definition = std::string("CREATE ") + (unique ? "UNIQUE " : "") + "INDEX " + name +
                                  " ON " + model.last_table().identity + " USING btree (" + list + ")";
}

TEST(PartitionRunway, IsEnoughWhenTheSetsWishIsMet) {
  Events events;
  events.keep();
  EXPECT_TRUE(events.run("CAP-007").empty());
}

TEST(PartitionRunway, IsCriticalInTheLastPartition) {
  Events events(-5, 1);
  events.keep();
  auto const found = events.run("CAP-007");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().severity, Severity::critical);
  EXPECT_EQ(found.front().fix,
            std::vector<std::string>{"CALL deal_advisor.partition_maintain('shop.events')"});
  EXPECT_NE(found.front().impact.find("2024-10-05 00:00:00+00"), std::string::npos) << found.front().impact;
}

TEST(PartitionRunway, IsWorseTheLessIsLeft) {
  Events half(-5, 4);
  half.keep();
  EXPECT_EQ(half.run("CAP-007").front().severity, Severity::medium);
  Events less(-5, 2);
  less.keep();
  EXPECT_EQ(less.run("CAP-007").front().severity, Severity::high);
}

TEST(PartitionRunway, EndsAtAGap) {
  Events events(-5, 1);
  for (int day = 2; day < 9; ++day)
    events.leaf(day);
  events.keep();
  EXPECT_EQ(events.run("CAP-007").front().severity, Severity::critical);
}

TEST(PartitionRunway, OfATableThatNobodyKeepsMattersWhenItIsWritten) {
  EXPECT_TRUE(Events(-5, 6).inserts().run("CAP-007").empty());
  Events used(-5, 1);
  auto const found = used.inserts().run("CAP-007");
  EXPECT_EQ(found.front().severity, Severity::critical);
  EXPECT_EQ(found.front().fix.front(), "SELECT deal_advisor.partition_enable('shop.events', 'at', '1 day')");
  EXPECT_EQ(Events(-50, -20).run("CAP-007").front().severity, Severity::low);
}

TEST(PartitionRunway, ADefaultPartitionTakesTheRows) {
  Events events(-5, 1);
  events.standard(0);
  events.keep();
  auto const found = events.run("CAP-007");
  EXPECT_EQ(found.front().severity, Severity::high);
  EXPECT_NE(found.front().impact.find("shop.events_default"), std::string::npos);
}

TEST(PartitionRunway, OfNumbersCountsTheEmptyPartitionsAtTheEnd) {
  Events events(0, 5);
  events.catalog().partition_keys.front().axis = PartitionAxis::number;
  PartitionSet& set = events.keep();
  set.time = false;
  set.premake = 2;
  EXPECT_EQ(events.run("CAP-007").front().severity, Severity::critical);
  events.catalog().tables[5].rows = events.catalog().tables[4].rows = 0;
  EXPECT_TRUE(events.run("CAP-007").empty());
}

TEST(PartitionRunway, UnreadableSetsAreSkippedNotFine) {
  Events events;
  events.catalog().partition_sets_unknown = "no";
  EXPECT_EQ(events.run("CAP-007").front().status, Status::skipped);
}

TEST(DefaultRows, AreCountedByStatistics) {
  EXPECT_TRUE(Events().standard(0).run("CAP-008").empty());
  auto const found = Events().standard(7).run("CAP-008");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found.front().evidence.json().find("\"rows\": {\"value\": 7"), std::string::npos);
  EXPECT_EQ(found.front().fix, std::vector<std::string>{"CALL deal_advisor.partition_drain('shop.events')"});
}

TEST(DefaultRows, OfAListMayBeMeant) {
  Events events;
  events.standard(7);
  events.catalog().partition_keys.front().strategy = PartitionStrategy::list;
  EXPECT_EQ(events.run("CAP-008").front().severity, Severity::info);
}

TEST(PartitionCount, IsFineUpToAThousand) {
  EXPECT_TRUE(Events(-900, 100).run("CAP-010").empty());
  EXPECT_EQ(Events(-900, 101).run("CAP-010").front().severity, Severity::medium);
}

TEST(PartitionGaps, AreFoundAndFilled) {
  EXPECT_TRUE(Events().run("PAR-002").empty());
  Events events(-5, 0);
  events.leaf(2);
  auto const found = events.run("PAR-002");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().severity, Severity::high) << "it lies ahead";
  ASSERT_EQ(found.front().fix.size(), 2u);
  EXPECT_EQ(found.front().fix.back(),
            "ALTER TABLE shop.events ATTACH PARTITION shop.events_gap1 FOR VALUES FROM ('2024-10-04 "
            "00:00:00+00') TO ('2024-10-06 00:00:00+00')");
  EXPECT_EQ(found.front().rollback.size(), 2u);
}

TEST(PartitionGaps, AreMaintenancesBusinessWhereThereIsASet) {
  Events events(-5, 0);
  events.leaf(2).keep();
  EXPECT_EQ(events.run("PAR-002").front().fix.front(), "CALL deal_advisor.partition_maintain('shop.events')");
}

TEST(PendingDetach, IsFinished) {
  Events events;
  EXPECT_TRUE(events.run("PAR-001").empty());
  events.bounds().front().detaching = true;
  auto const found = events.run("PAR-001");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().fix.front(), "ALTER TABLE shop.events DETACH PARTITION shop.events_1 FINALIZE");
  EXPECT_TRUE(found.front().rollback.front().starts_with(
      "ALTER TABLE shop.events ATTACH PARTITION shop.events_1 FOR VALUES FROM ("));
}

TEST(LeafRights, BeyondTheParentsAreRevoked) {
  Events events;
  EXPECT_TRUE(events.run("SEC-011").empty());
  events.catalog().leaf_privileges = {{2, {"SELECT reader"}}};
  auto const found = events.run("SEC-011");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().fix, std::vector<std::string>{"REVOKE SELECT ON shop.events_2 FROM reader"});
  EXPECT_EQ(found.front().rollback, std::vector<std::string>{"GRANT SELECT ON shop.events_2 TO reader"});
}

TEST(LeafRights, PastPoliciesNeedSomebodyWhoMayRead) {
  Events events;
  events.catalog().tables.front().row_security = true;
  EXPECT_TRUE(events.run("SEC-011").empty()) << "only the owner can name the partitions";
  events.catalog().tables[3].granted = true;
  auto const found = events.run("SEC-011");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().severity, Severity::high);
  EXPECT_EQ(found.front().fix,
            std::vector<std::string>{"ALTER TABLE shop.events_3 ENABLE ROW LEVEL SECURITY"});
  events.catalog().tables[3].row_security = true;
  EXPECT_TRUE(events.run("SEC-011").empty());
}

TEST(ParentStatistics, AreMissedWhereRowsAre) {
  EXPECT_TRUE(Events().run("VAC-016").empty()) << "1,100 rows";
  Events large;
  large.catalog().tables[1].rows = 50'000;
  EXPECT_EQ(large.run("VAC-016").front().fix.front(), "ANALYZE shop.events");
  EXPECT_EQ(large.run("VAC-016").front().severity, Severity::medium);
  large.catalog().server.version = 180'000;
  EXPECT_EQ(large.run("VAC-016").front().fix.front(), "ANALYZE ONLY shop.events");
  large.catalog().tables[0].rows = 20'000;
  EXPECT_EQ(large.run("VAC-016").front().severity, Severity::low);
  large.catalog().tables[0].rows = 51'000;
  EXPECT_TRUE(large.run("VAC-016").empty());
}

TEST(LeafIndexes, ThatSomePartitionsLackAreBuiltThereAndAttached) {
  Events events(0, 1);
  loose_index(events, "mine", {1}, "id");
  events.leaf(1);
  auto const found = events.run("IDX-024");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(
      found.front().fix,
      (std::vector<std::string>{"CREATE INDEX events_id_idx ON ONLY shop.events USING btree (id)",
                                "ALTER INDEX shop.events_id_idx ATTACH PARTITION shop.mine",
                                "CREATE INDEX CONCURRENTLY events_2_id_idx ON shop.events_2 USING btree (id)",
                                "ALTER INDEX shop.events_id_idx ATTACH PARTITION shop.events_2_id_idx"}));
  EXPECT_EQ(found.front().rollback,
            (std::vector<std::string>{"DROP INDEX shop.events_id_idx",
                                      "CREATE INDEX CONCURRENTLY mine ON shop.events_1 USING btree (id)"}));
}

TEST(LeafIndexes, OfTheParentsKindAreFine) {
  Events events(0, 0);
  events.index("events_id", {1});
  events.last_index().partitioned = true;
  ObjectId const parent = events.last_index().oid;
  events.leaf(0);
  loose_index(events, "mine", {1}, "id");
  events.last_index().parent = parent;
  EXPECT_TRUE(events.run("IDX-024").empty());
}

TEST(LeafIndexes, AParentsIndexIsCompleted) {
  Events events(0, 0);
  events.index("events_id", {1});
  events.last_index().partitioned = true;
  events.last_index().valid = false;
  events.last_index().definition = "CREATE INDEX events_id ON ONLY shop.events USING btree (id)";
  events.leaf(0);
  auto const found = events.run("IDX-024");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(
      found.front().fix,
      (std::vector<std::string>{"CREATE INDEX CONCURRENTLY events_1_id_idx ON shop.events_1 USING btree (id)",
                                "ALTER INDEX shop.events_id ATTACH PARTITION shop.events_1_id_idx"}));
  EXPECT_TRUE(events.run("IDX-007").empty()) << "one problem, one finding";
}

TEST(LeafKeys, WithoutThePartitionKeyHoldInEachPartitionOnly) {
  Events events(0, 1);
  loose_index(events, "mine", {1}, "id", true);
  auto const found = events.run("PAR-003");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().fix.front(),
            "CREATE UNIQUE INDEX events_id_at_idx ON ONLY shop.events USING btree (id, at)");
  EXPECT_EQ(found.front().fix[1],
            "CREATE UNIQUE INDEX CONCURRENTLY events_1_id_at_idx ON shop.events_1 USING btree (id, at)");
  EXPECT_TRUE(events.run("IDX-024").empty()) << "one problem, one finding";
}

TEST(LeafKeys, WithThePartitionKeyHold) {
  Events events(0, 1);
  loose_index(events, "mine", {1, 2}, "id, at", true);
  EXPECT_TRUE(events.run("PAR-003").empty());
}

TEST(Sets, OfAVanishedTableAreForgotten) {
  Events events;
  PartitionSet& set = events.keep();
  EXPECT_TRUE(events.run("PAR-004").empty());
  set.exists = false;
  set.table = -1;
  EXPECT_EQ(events.run("PAR-004").front().fix.front(),
            "SELECT deal_advisor.partition_forget('shop', 'events')");
}

TEST(Sets, OfANewOwnerAreEnabledAnew) {
  Events events;
  events.keep().owner_now = "buyer";
  auto const found = events.run("PAR-004");
  EXPECT_EQ(found.front().severity, Severity::high);
  EXPECT_EQ(found.front().fix.front(), events.catalog().partition_sets.front().enable_call);
}

TEST(SetMaintenance, ThatFailsOrStoppedIsTold) {
  Events events;
  PartitionSet& set = events.keep();
  EXPECT_TRUE(events.run("PAR-005").empty());
  set.failures = 1;
  set.last_error = "55P03: lock";
  EXPECT_EQ(events.run("PAR-005").front().severity, Severity::medium);
  set.failures = 5;
  EXPECT_EQ(events.run("PAR-005").front().severity, Severity::high);
  set.failures = 0;
  set.last_run = events.catalog().server.now - 2 * kDay;
  EXPECT_NE(events.run("PAR-005").front().why.find("2.0 days ago"), std::string::npos);
  set.enabled = false;
  EXPECT_TRUE(events.run("PAR-005").empty());
}

TEST(DefaultConstraint, IsWantedWhereTheDefaultIsLarge) {
  Events small;
  small.standard(10, 10).keep();
  EXPECT_TRUE(small.run("PAR-006").empty());
  Events large(-5, 6);
  large.standard(1e6, 10'000).keep();
  auto const found = large.run("PAR-006");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(
      found.front().fix.front(),
      "ALTER TABLE shop.events_default ADD CONSTRAINT events_default_later CHECK (at IS NOT NULL AND (at "
      "< '2024-10-10 00:00:00+00' OR at >= '2024-11-29 00:00:00+00')) NOT VALID");
  large.constraint('c', {2});
  EXPECT_TRUE(large.run("PAR-006").empty());
}

TEST(SetRetention, OverduePartitionsAreTold) {
  Events events;
  PartitionSet& set = events.keep();
  EXPECT_TRUE(events.run("PAR-007").empty());
  set.retention = "2 days";
  set.retention_length = 2 * kDay;
  set.keep_from = now_on_axis(events.catalog()) - 2 * kDay;
  auto const found = events.run("PAR-007");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().count, 3);
  EXPECT_EQ(found.front().fix.front(), "CALL deal_advisor.partition_maintain('shop.events')");
}

TEST(SetRetention, ShorterThanAPartitionCannotBeMet) {
  Events events;
  PartitionSet& set = events.keep();
  set.retention = "6 hours";
  set.retention_length = kDay / 4;
  EXPECT_EQ(events.run("PAR-007").front().severity, Severity::low);
  set.retention_length = 10 * kDay;
  EXPECT_TRUE(events.run("PAR-007").empty());
}

TEST(SetRetention, AForeignKeyStandsInTheWay) {
  Events events;
  PartitionSet& set = events.keep();
  set.retention = "30 days";
  set.retention_length = 30 * kDay;
  events.table("clicks", {"event"}).constraint('f', {1}, "clicks_event");
  events.last_constraint().referenced_oid = events.catalog().tables.front().oid;
  auto const found = events.run("PAR-007");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found.front().fix.empty());
  EXPECT_NE(found.front().impact.find("clicks_event of shop.clicks"), std::string::npos);
}

TEST(PositionText, IsReadableAndExact) {
  EXPECT_EQ(position_text(PartitionAxis::time, 0), "2000-01-01 00:00:00+00");
  EXPECT_EQ(position_text(PartitionAxis::time, -1'000'000), "1999-12-31 23:59:59+00");
  EXPECT_EQ(position_text(PartitionAxis::number, 42), "42");
  EXPECT_EQ(position_text(PartitionAxis::time, kAxisEnd), "MAXVALUE");
}

TEST(StepText, IsWhatPartitionEnableTakes) {
  EXPECT_EQ(step_text(PartitionAxis::time, 31 * kDay), "1 month");
  EXPECT_EQ(step_text(PartitionAxis::time, 31 * kDay + kDay / 24), "1 month") << "clocks went back";
  EXPECT_EQ(step_text(PartitionAxis::time, 23 * kDay / 24), "1 day");
  EXPECT_EQ(step_text(PartitionAxis::time, 7 * kDay), "7 days");
  EXPECT_EQ(step_text(PartitionAxis::time, kDay / 4), "6 hours");
  EXPECT_EQ(step_text(PartitionAxis::number, 1000), "1000");
}

}  // namespace
}  // namespace deal::review
