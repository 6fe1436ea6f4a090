#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/partition/calendar.hpp"
#include "core/partition/plan.hpp"

namespace {

using namespace deal::partition;
using Lines = std::vector<std::string>;

const std::string kLike =
    " including defaults including generated including constraints including storage including compression "
    "including "
    "comments including statistics)";

Set daily() {
  Set set;
  set.schema = "shop";
  set.table = "t";
  set.grid.step = {.days = 1};
  set.archive_schema = "Old";
  set.export_path = "/srv/export";
  return set;
}

Parent parent() {
  Parent made;
  made.schema = "shop";
  made.table = "t";
  made.columns = {"id", "Seen at"};
  return made;
}

Action action(ActionKind kind) {
  return {kind, "shop", "t_p1", days_of({2026, 3, 1}) * kDay, days_of({2026, 3, 2}) * kDay, 0, true};
}

// One line for each statement; "worker: " and "commit; " are marks.
Lines texts(const Set& set, const Parent& parent, const Action& action) {
  Lines made;
  for (const Statement& statement : statements(set, parent, action))
    made.push_back((statement.worker            ? "worker: "
                    : statement.own_transaction ? "commit; "
                                                : "") +
                   statement.sql);
  return made;
}

Lines texts(ActionKind kind) {
  return texts(daily(), parent(), action(kind));
}

bool has(const Lines& lines, const std::string& line) {
  return std::ranges::find(lines, line) != lines.end();
}

TEST(PartitionStatements, APartitionIsMadeAsideAndThenAttached) {
  EXPECT_EQ(
      texts(ActionKind::create),
      (Lines{"lock table only shop.t in share update exclusive mode",
             "create table shop.t_p1 (like shop.t" + kLike,
             "alter table shop.t attach partition shop.t_p1 for values from ('2026-03-01 00:00:00+00') to "
             "('2026-03-02 00:00:00+00')"}));
}

TEST(PartitionStatements, ReferencedTablesAreLockedLastAndOnlyIfThereAreAny) {
  Parent with = parent();
  with.referenced = {"shop.product", "\"Other\".x"};
  const Lines lines = texts(daily(), with, action(ActionKind::create));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[2], "lock table shop.product, \"Other\".x in share row exclusive mode");
  EXPECT_TRUE(lines[3].starts_with("alter table shop.t attach"));
}

TEST(PartitionStatements, OpenEndsAreMinvalueAndMaxvalue) {
  Action open = action(ActionKind::create);
  open.lower = kMinimum;
  open.upper = kMaximum;
  EXPECT_TRUE(texts(daily(), parent(), open).back().ends_with("for values from (MINVALUE) to (MAXVALUE)"));
}

TEST(PartitionStatements, LeafOptions) {
  Set set = daily();
  set.leaf.unlogged = true;
  set.leaf.storage = "fillfactor=90";
  set.leaf.tablespace = "Fast";
  Parent with = parent();
  with.access_method = "columnar";
  with.tablespace = "slow";
  EXPECT_EQ(texts(set, with, action(ActionKind::create))[1],
            "create unlogged table shop.t_p1 (like shop.t" + kLike +
                " using columnar with (fillfactor=90) tablespace \"Fast\"");
}

TEST(PartitionStatements, TheParentsTablespaceIsTakenWhereTheSetHasNone) {
  Parent with = parent();
  with.tablespace = "slow";
  EXPECT_TRUE(texts(daily(), with, action(ActionKind::create))[1].ends_with(" tablespace slow"));
}

TEST(PartitionStatements, RowSecurityFollowsTheParent) {
  Parent with = parent();
  with.row_security = true;
  EXPECT_TRUE(has(texts(daily(), with, action(ActionKind::create)),
                  "alter table shop.t_p1 enable row level security"));
  EXPECT_FALSE(has(texts(daily(), with, action(ActionKind::create)),
                   "alter table shop.t_p1 force row level security"));
  with.force_row_security = true;
  EXPECT_TRUE(has(texts(daily(), with, action(ActionKind::create)),
                  "alter table shop.t_p1 force row level security"));
  Set set = daily();
  set.leaf.row_security = false;
  EXPECT_EQ(texts(set, with, action(ActionKind::create)).size(), 3u);
}

TEST(PartitionStatements, PrivilegesAreCopiedOnlyIfAskedFor) {
  Parent with = parent();
  with.grants = {{"select, insert", "The Reader", false}, {"select (id)", "", false}, {"all", "admin", true}};
  EXPECT_EQ(texts(daily(), with, action(ActionKind::create)).size(), 3u);
  Set set = daily();
  set.leaf.privileges = true;
  const Lines lines = texts(set, with, action(ActionKind::create));
  EXPECT_TRUE(has(lines, "grant select, insert on shop.t_p1 to \"The Reader\""));
  EXPECT_TRUE(has(lines, "grant select (id) on shop.t_p1 to public"));
  EXPECT_TRUE(has(lines, "grant all on shop.t_p1 to admin with grant option"));
}

TEST(PartitionStatements, ReplicaIdentityWithoutAnIndex) {
  Parent with = parent();
  for (const char* identity : {"full", "nothing"}) {
    with.replica_identity = identity;
    EXPECT_TRUE(has(texts(daily(), with, action(ActionKind::create)),
                    std::string("alter table shop.t_p1 replica identity ") + identity));
  }
  with.replica_identity = "t_pkey";
  EXPECT_EQ(texts(daily(), with, action(ActionKind::create)).size(), 3u);
}

TEST(PartitionStatements, APartitionIsDroppedUnderTheParentsLockAlone) {
  Parent with = parent();
  with.referenced = {"shop.product"};
  EXPECT_EQ(texts(daily(), with, action(ActionKind::drop)),
            (Lines{"lock table only shop.t in access exclusive mode", "drop table shop.t_p1"}));
}

TEST(PartitionStatements, NothingElseIsDroppedAlong) {
  for (const ActionKind kind : {ActionKind::drop, ActionKind::export_}) {
    for (const std::string& line : texts(kind))
      EXPECT_EQ(line.find("cascade"), std::string::npos);
  }
}

TEST(PartitionStatements, ATableOfItsOwnIsDroppedUnderLocksOnWhatItRefersTo) {
  Parent with = parent();
  with.referenced = {"shop.product"};
  Action detached = action(ActionKind::drop);
  detached.attached = false;
  EXPECT_EQ(texts(daily(), with, detached),
            (Lines{"lock table shop.product in access exclusive mode", "drop table shop.t_p1"}));
}

TEST(PartitionStatements, Detach) {
  Parent with = parent();
  with.referenced = {"shop.product"};
  EXPECT_EQ(texts(daily(), with, action(ActionKind::detach)),
            (Lines{"lock table only shop.t in access exclusive mode",
                   "lock table shop.product in share row exclusive mode",
                   "alter table shop.t detach partition shop.t_p1"}));
}

TEST(PartitionStatements, ConcurrentlyGoesThroughTheWorker) {
  Set set = daily();
  set.detach_concurrently = true;
  const std::string detach = "worker: alter table shop.t detach partition shop.t_p1 concurrently";
  EXPECT_EQ(texts(set, parent(), action(ActionKind::detach)), (Lines{detach}));
  EXPECT_EQ(texts(set, parent(), action(ActionKind::drop)), (Lines{detach, "drop table shop.t_p1"}));
  EXPECT_EQ(texts(set, parent(), action(ActionKind::archive)),
            (Lines{detach, "alter table shop.t_p1 set schema \"Old\""}));
}

TEST(PartitionStatements, FinalizeNeedsNoWorker) {
  EXPECT_EQ(texts(ActionKind::finalize), (Lines{"lock table only shop.t in share update exclusive mode",
                                                "alter table shop.t detach partition shop.t_p1 finalize"}));
}

TEST(PartitionStatements, Archive) {
  EXPECT_EQ(texts(ActionKind::archive), (Lines{"lock table only shop.t in access exclusive mode",
                                               "alter table shop.t detach partition shop.t_p1",
                                               "alter table shop.t_p1 set schema \"Old\""}));
}

TEST(PartitionStatements, WhatWasDetachedBeforeIsNotDetachedAgain) {
  for (const ActionKind kind : {ActionKind::drop, ActionKind::archive, ActionKind::export_}) {
    for (const bool concurrently : {false, true}) {
      Set set = daily();
      set.detach_concurrently = concurrently;
      Action detached = action(kind);
      detached.attached = false;
      for (const std::string& line : texts(set, parent(), detached))
        EXPECT_EQ(line.find("detach"), std::string::npos) << line;
    }
  }
}

TEST(PartitionStatements, AnExportCopiesWithoutALockOnTheParent) {
  EXPECT_EQ(texts(ActionKind::export_),
            (Lines{"lock table only shop.t in access exclusive mode",
                   "alter table shop.t detach partition shop.t_p1",
                   "commit; lock table shop.t_p1 in access exclusive mode",
                   "alter table shop.t_p1 no force row level security",
                   "copy (select id, \"Seen at\" from shop.t_p1) to "
                   "'/srv/export/shop.t_p1.20260301T000000.csv' with (format csv, header)",
                   "drop table shop.t_p1"}));
}

TEST(PartitionStatements, NamesAreQuoted) {
  Set set = daily();
  set.detach_concurrently = false;
  Parent odd = parent();
  odd.schema = "we\"ird";
  odd.table = "Select";
  Action on_odd = action(ActionKind::detach);
  on_odd.schema = "we\"ird";
  on_odd.partition = "p; drop";
  EXPECT_EQ(texts(set, odd, on_odd).back(),
            "alter table \"we\"\"ird\".\"Select\" detach partition \"we\"\"ird\".\"p; drop\"");
}

TEST(PartitionStatements, ExportFilesStayInTheirDirectory) {
  Action odd = action(ActionKind::export_);
  odd.schema = "../..";
  odd.partition = "a/b%\\c\n.é";
  EXPECT_EQ(export_file(daily(), odd), "/srv/export/%2E%2E%2F%2E%2E.a%2Fb%25%5Cc%0A%2Eé.20260301T000000.csv");
}

TEST(PartitionStatements, ExportFilesOfDifferentPartitionsDiffer) {
  Action one = action(ActionKind::export_);
  Action other = one;
  one.schema = "a.b";
  one.partition = "c";
  other.schema = "a";
  other.partition = "b.c";
  EXPECT_NE(export_file(daily(), one), export_file(daily(), other));
}

TEST(PartitionStatements, ExportFilesTellTheLowerBound) {
  Set set = daily();
  Action of = action(ActionKind::export_);
  set.export_path = "/";
  of.lower = kMinimum;
  EXPECT_EQ(export_file(set, of), "/shop.t_p1.min.csv");
  of.lower = days_of({-43, 3, 15}) * kDay + 500'000;
  EXPECT_EQ(export_file(set, of), "/shop.t_p1.00440315T000000.500000BC.csv");
  set.export_path = "/x//";
  set.grid.kind = KeyKind::integer;
  of.lower = -5;
  EXPECT_EQ(export_file(set, of), "/x/shop.t_p1.-5.csv");
}

}  // namespace
