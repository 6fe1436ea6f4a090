// Steps that take a transaction back.

#include <gtest/gtest.h>

#include "core/audit/undo.hpp"

namespace deal::audit {
namespace {

using Kind = UndoStep::Kind;

TEST(AuditUndo, LastEventIsTakenBackFirst) {
  std::vector<UndoEvent> const events{{0, 0, 1, Op::insert, 0}, {1, 1, 2, Op::insert, 0}};
  std::vector<UndoStep> const steps = undo_steps(events);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].table, 1);
  EXPECT_EQ(steps[0].kind, Kind::remove);
  EXPECT_EQ(steps[1].table, 0);
}

TEST(AuditUndo, OrderIsBySequenceNotByArrival) {
  std::vector<UndoEvent> const events{{0, 0, 5, Op::insert, 0}, {0, 1, 2, Op::remove, 0}};
  std::vector<UndoStep> const steps = undo_steps(events);
  EXPECT_EQ(steps[0].row, 0);
  EXPECT_EQ(steps[1].kind, Kind::insert);
}

TEST(AuditUndo, KeyChangeIsOneChangeBack) {
  std::vector<UndoEvent> const events{{0, 0, 1, Op::key_before, 0}, {0, 1, 2, Op::key_after, 0}};
  std::vector<UndoStep> const steps = undo_steps(events);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].kind, Kind::change);
  EXPECT_EQ(steps[0].row, 1);
  EXPECT_EQ(steps[0].row_after, 0);
  EXPECT_EQ(steps[0].image, 0U);
}

TEST(AuditUndo, MoveBetweenPartitionsIsNoDelete) {
  std::vector<UndoEvent> const events{{0, 0, 1, Op::remove, 0}, {0, 0, 2, Op::insert, 0}};
  std::vector<UndoStep> const steps = undo_steps(events);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].kind, Kind::change);
  EXPECT_EQ(steps[0].image, 0U);
}

TEST(AuditUndo, DeleteAndInsertOfDifferentRowsStayTwo) {
  std::vector<UndoEvent> const other_row{{0, 0, 1, Op::remove, 0}, {0, 1, 2, Op::insert, 0}};
  EXPECT_EQ(undo_steps(other_row).size(), 2U);
  std::vector<UndoEvent> const not_at_once{
      {0, 0, 1, Op::remove, 0}, {1, 5, 2, Op::insert, 0}, {0, 0, 3, Op::insert, 0}};
  EXPECT_EQ(undo_steps(not_at_once).size(), 3U);
}

TEST(AuditUndo, BaselineAndTruncateNeedNoStep) {
  std::vector<UndoEvent> const events{{0, 0, 1, Op::baseline, 0}, {0, -1, 2, Op::truncate, 0}};
  EXPECT_TRUE(undo_steps(events).empty());
}

TEST(AuditUndo, ConsecutiveRowsAreOneStatement) {
  std::vector<UndoEvent> events;
  for (int i = 0; i < 1000; ++i)
    events.push_back({0, i, i + 1, Op::update, 3});
  std::vector<UndoStep> const steps = undo_steps(events);
  EXPECT_EQ(run_length(steps, 5000), 1000U);
  EXPECT_EQ(run_length(steps, 400), 400U);
}

TEST(AuditUndo, ARowTwiceIsTwoStatements) {
  std::vector<UndoEvent> const events{
      {0, 7, 1, Op::update, 0}, {0, 8, 2, Op::update, 0}, {0, 7, 3, Op::update, 0}};
  std::vector<UndoStep> const steps = undo_steps(events);
  EXPECT_EQ(run_length(steps, 100), 2U);
}

TEST(AuditUndo, OtherColumnsOrTableEndTheRun) {
  std::vector<UndoEvent> const events{
      {0, 0, 4, Op::update, 1}, {0, 1, 3, Op::update, 2}, {1, 2, 2, Op::update, 2}, {1, 3, 1, Op::insert, 2}};
  std::vector<UndoStep> const steps = undo_steps(events);
  std::span<const UndoStep> rest(steps);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(run_length(rest, 100), 1U);
    rest = rest.subspan(1);
  }
}

TEST(AuditUndo, AKeyThatMovedTwiceIsTwoStatements) {
  std::vector<UndoEvent> const events{{0, 0, 1, Op::key_before, 0},
                                      {0, 1, 2, Op::key_after, 0},
                                      {0, 1, 3, Op::key_before, 0},
                                      {0, 2, 4, Op::key_after, 0}};
  std::vector<UndoStep> const steps = undo_steps(events);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(run_length(steps, 100), 1U);
}

TEST(AuditUndo, WhetherARowIsLeft) {
  EXPECT_TRUE(leaves_row(Op::update));
  EXPECT_TRUE(leaves_row(Op::key_after));
  EXPECT_FALSE(leaves_row(Op::remove));
  EXPECT_FALSE(leaves_row(Op::key_before));
}

}  // namespace
}  // namespace deal::audit
