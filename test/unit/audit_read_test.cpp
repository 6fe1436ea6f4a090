// What the audit log's readers compute: columns over time, states of rows, transactions.

#include <gtest/gtest.h>

#include <algorithm>

#include "core/audit/columns.hpp"
#include "core/audit/past_rows.hpp"
#include "core/audit/row_walk.hpp"
#include "core/audit/transactions.hpp"

namespace deal::audit {
namespace {

LayoutColumn column(int id, int number, const char* name, const char* type = "bigint") {
  LayoutColumn result;
  result.id = id;
  result.number = number;
  result.name = name;
  result.type = type;
  return result;
}

Layout layout(int number, std::vector<LayoutColumn> columns) {
  Layout result;
  result.number = number;
  result.columns = std::move(columns);
  return result;
}

TEST(AuditColumns, RenamedColumnHasTodaysName) {
  std::vector<Layout> const logged{layout(1, {column(1, 1, "id"), column(2, 2, "qty")})};
  Columns const columns(layout(0, {column(1, 1, "id"), column(2, 2, "quantity")}), logged);
  EXPECT_EQ(columns.count(), 2);
  EXPECT_EQ(columns.names_of(logged[0])[1].name, "qty");
  EXPECT_EQ(columns.at(columns.names_of(logged[0])[1].slot).name, "quantity");
}

TEST(AuditColumns, DroppedAndAddedAgainAreTwo) {
  std::vector<Layout> const logged{layout(1, {column(1, 1, "id"), column(2, 2, "note", "text")}),
                                   layout(2, {column(1, 1, "id"), column(3, 3, "note", "integer")})};
  Columns const columns(layout(0, {column(1, 1, "id"), column(3, 3, "note", "integer")}), logged);
  ASSERT_EQ(columns.count(), 3);
  EXPECT_EQ(columns.slot_of_name("note"), columns.slot_of_id(3));
  EXPECT_EQ(columns.at(columns.slot_of_id(2)).name, "note_dropped");
  EXPECT_EQ(columns.at(columns.slot_of_id(2)).number, 0);
  EXPECT_TRUE(columns.any_dropped());
}

TEST(AuditColumns, SuffixOfDroppedNeverHitsAnotherName) {
  std::vector<Layout> const logged{layout(1, {column(1, 1, "note"), column(2, 2, "note_dropped")}),
                                   layout(2, {column(3, 3, "note")})};
  Columns const columns(layout(0, {column(3, 3, "note"), column(4, 4, "note_dropped")}), logged);
  std::vector<std::string> names;
  for (int slot = 0; slot < columns.count(); ++slot)
    names.push_back(columns.at(slot).name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
}

TEST(AuditColumns, DroppedColumnKeepsItsLastName) {
  std::vector<Layout> const logged{layout(1, {column(2, 2, "first")}), layout(2, {column(2, 2, "second")})};
  Columns const columns(layout(0, {column(1, 1, "id")}), logged);
  EXPECT_EQ(columns.at(columns.slot_of_id(2)).name, "second");
}

TEST(AuditColumns, ColumnThatTheLogHasNotSeenIsMarked) {
  std::vector<Layout> const logged{layout(1, {column(1, 1, "id")})};
  Columns const columns(layout(0, {column(1, 1, "id"), column(2, 2, "new")}), logged);
  EXPECT_TRUE(columns.at(0).in_log);
  EXPECT_FALSE(columns.at(1).in_log);
}

TEST(AuditColumns, NamesAreInTheOrderOfJsonb) {
  EXPECT_TRUE(jsonb_less("zz", "aaa"));
  EXPECT_TRUE(jsonb_less("aaa", "aab"));
  EXPECT_FALSE(jsonb_less("b", "a"));
  Layout const wide = layout(1, {column(1, 1, "long_name"), column(2, 2, "b"), column(3, 3, "a")});
  std::vector<Layout> const logged{wide};
  Columns const columns(wide, logged);
  std::vector<NamedSlot> const names = columns.names_of(wide);
  EXPECT_EQ(names[0].name, "a");
  EXPECT_EQ(names[1].name, "b");
  EXPECT_EQ(names[2].slot, 0);
}

/// Values are told apart by address.
struct Values {
  int one = 0;
  int two = 0;
  int three = 0;
};

TEST(AuditPastRows, FirstEventThatHasAColumnWins) {
  Values const v;
  PastRows rows(2);
  std::size_t const row = rows.add();
  rows.take(row, Op::update, std::vector<Field>{{0, &v.one}});
  rows.take(row, Op::update, std::vector<Field>{{0, &v.two}, {1, &v.three}});
  EXPECT_EQ(rows.value(row, 0), &v.one);
  EXPECT_EQ(rows.value(row, 1), &v.three);
  EXPECT_EQ(rows.state(row), PastState::changed);
}

TEST(AuditPastRows, InsertFirstMeansAbsentWhateverFollows) {
  Values const v;
  PastRows rows(1);
  std::size_t const row = rows.add();
  rows.take(row, Op::insert, std::vector<Field>{{0, &v.one}});
  rows.take(row, Op::remove, std::vector<Field>{{0, &v.two}});
  EXPECT_EQ(rows.state(row), PastState::absent);
}

TEST(AuditPastRows, NothingAfterTheDeleteCounts) {
  Values const v;
  PastRows rows(2);
  std::size_t const row = rows.add();
  rows.take(row, Op::update, std::vector<Field>{{0, &v.one}});
  rows.take(row, Op::remove, std::vector<Field>{{0, &v.two}});
  rows.take(row, Op::insert, std::vector<Field>{{1, &v.three}});
  rows.take(row, Op::update, std::vector<Field>{{1, &v.three}});
  EXPECT_EQ(rows.state(row), PastState::whole);
  EXPECT_EQ(rows.value(row, 0), &v.one);
  EXPECT_EQ(rows.value(row, 1), nullptr);
}

TEST(AuditPastRows, KeyChangeEndsOneRowAndBeginsTheOther) {
  Values const v;
  PastRows rows(1);
  std::size_t const before = rows.add();
  std::size_t const after = rows.add();
  rows.take(before, Op::key_before, std::vector<Field>{{0, &v.one}});
  rows.take(after, Op::key_after, std::vector<Field>{{0, &v.two}});
  EXPECT_EQ(rows.state(before), PastState::whole);
  EXPECT_EQ(rows.value(before, 0), &v.one);
  EXPECT_EQ(rows.state(after), PastState::absent);
}

TEST(AuditPastRows, BaselineSaysThatTheRowWasThere) {
  Values const v;
  PastRows rows(1);
  std::size_t const row = rows.add();
  rows.take(row, Op::baseline, std::vector<Field>{{0, &v.one}});
  EXPECT_EQ(rows.state(row), PastState::whole);
}

TEST(AuditPastRows, TruncateKeepsLaterRowsOut) {
  Values const v;
  PastRows rows(2);
  std::size_t const before = rows.add();
  rows.take(before, Op::update, std::vector<Field>{{0, &v.one}});
  rows.truncate();
  rows.take(before, Op::insert, std::vector<Field>{{1, &v.two}});
  std::size_t const after = rows.add();
  rows.take(after, Op::update, std::vector<Field>{{0, &v.two}});
  EXPECT_EQ(rows.state(before), PastState::whole);
  EXPECT_EQ(rows.value(before, 1), nullptr);
  EXPECT_EQ(rows.state(after), PastState::absent);
}

TEST(AuditPastRows, RowsDoNotShareValues) {
  Values const v;
  PastRows rows(3);
  std::size_t const first = rows.add();
  std::size_t const second = rows.add();
  rows.take(second, Op::update, std::vector<Field>{{2, &v.one}});
  EXPECT_EQ(rows.value(first, 2), nullptr);
  EXPECT_EQ(rows.value(second, 2), &v.one);
}

TEST(AuditRowWalk, GoesBackOverUpdates) {
  Values const v;
  RowWalk walk(2);
  walk.start(std::vector<Field>{{0, &v.one}, {1, &v.three}});
  std::vector<Field> const image{{0, &v.two}};
  walk.arrive(Op::update, image);
  EXPECT_EQ(walk.value(0), &v.one);
  walk.leave(Op::update, image);
  EXPECT_EQ(walk.value(0), &v.two);
  EXPECT_EQ(walk.value(1), &v.three);
}

TEST(AuditRowWalk, DeletedRowStartsFromItsImage) {
  Values const v;
  RowWalk walk(1);
  std::vector<Field> const image{{0, &v.one}};
  walk.arrive(Op::remove, image);
  EXPECT_FALSE(walk.exists());
  walk.leave(Op::remove, image);
  EXPECT_TRUE(walk.exists());
  EXPECT_EQ(walk.value(0), &v.one);
}

TEST(AuditRowWalk, NothingPassesFromOneLifeToTheOneBefore) {
  Values const v;
  RowWalk walk(2);
  walk.start(std::vector<Field>{{0, &v.one}, {1, &v.two}});
  std::vector<Field> const inserted{{0, &v.one}, {1, &v.two}};
  walk.arrive(Op::insert, inserted);
  walk.leave(Op::insert, inserted);
  EXPECT_FALSE(walk.exists());
  std::vector<Field> const removed{{0, &v.three}};
  walk.arrive(Op::remove, removed);
  walk.leave(Op::remove, removed);
  EXPECT_EQ(walk.value(0), &v.three);
  EXPECT_EQ(walk.value(1), nullptr);
}

TEST(AuditRowWalk, AnInsertsImageServesWhenTheEndWasNotRecorded) {
  Values const v;
  RowWalk walk(1);
  walk.arrive(Op::insert, std::vector<Field>{{0, &v.one}});
  EXPECT_TRUE(walk.exists());
  EXPECT_EQ(walk.value(0), &v.one);
}

TEST(AuditRowWalk, LaterStateIsNoOverwrittenByTheInsertsImage) {
  Values const v;
  RowWalk walk(1);
  walk.start(std::vector<Field>{{0, &v.two}});
  walk.arrive(Op::insert, std::vector<Field>{{0, &v.one}});
  EXPECT_EQ(walk.value(0), &v.two);
}

TEST(AuditRowWalk, TruncateBelongsToRowsThatWereThere) {
  EXPECT_TRUE(ends_with_truncate(Op::update));
  EXPECT_TRUE(ends_with_truncate(Op::insert));
  EXPECT_FALSE(ends_with_truncate(Op::remove));
  EXPECT_FALSE(ends_with_truncate(Op::key_before));
}

TEST(AuditTransactions, EventBelongsToTheRowOfItsContext) {
  Transactions transactions;
  transactions.add({100, 7, 0, 0, 50});
  std::size_t const second = transactions.add({100, 7, 1, 0, 50});
  EXPECT_EQ(transactions.find(7, 1, 60), static_cast<int>(second));
  EXPECT_EQ(transactions.who(second), 0U);
}

TEST(AuditTransactions, SameIdOfAnotherClusterIsAnotherTransaction) {
  Transactions transactions;
  transactions.add({100, 7, 0, 0, 50});
  std::size_t const later = transactions.add({900, 7, 0, 0, 800});
  EXPECT_EQ(transactions.find(7, 0, 850), static_cast<int>(later));
  EXPECT_EQ(transactions.find(7, 0, 100), 0);
  EXPECT_EQ(transactions.find(7, 0, 500), -1);
  EXPECT_EQ(transactions.find(8, 0, 850), -1);
  EXPECT_EQ(transactions.committed(0), 100);
}

TEST(AuditTransactions, AllPartsHaveTheLastOnesTime) {
  Transactions transactions;
  std::size_t const first = transactions.add({100, 7, 0, 0, 50});
  transactions.add({101, 7, 1, 0, 50});
  EXPECT_EQ(transactions.committed(first), 101);
}

TEST(AuditOrder, OlderTransactionThatCommitsLaterComesLater) {
  CommitOrder const older_id{200, 5, 1};
  CommitOrder const newer_id{100, 9, 1};
  EXPECT_LT(newer_id, older_id);
  EXPECT_LT((CommitOrder{100, 9, 1}), (CommitOrder{100, 9, 2}));
}

}  // namespace
}  // namespace deal::audit
