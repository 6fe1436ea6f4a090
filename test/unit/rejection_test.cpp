#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "core/index/search.hpp"
#include "search_problems.hpp"

namespace {

using deal::index::CandidateIndex;
using deal::index::Rejection;
using deal::index::RejectionCause;
using deal::index::search;
using deal::index::Solution;
using deal::test::chosen_of;
using deal::test::random_case;
using deal::test::ToyCase;
using deal::test::ToyPlanner;

CandidateIndex candidate(std::vector<int> columns, std::int64_t bytes = 100) {
  CandidateIndex index;
  for (const int column : columns)
    index.keys.push_back({column, false, false});
  index.bytes = bytes;
  return index;
}

// One query of 1000 for each list of accesses; all candidates are on one table and matter to every query.
ToyCase one_table(std::vector<CandidateIndex> candidates, std::vector<std::map<int, double>> accesses) {
  ToyCase made;
  made.problem.candidates = std::move(candidates);
  for (auto& access : accesses) {
    made.queries.push_back({{{0, 1000, std::move(access)}}, {}});
    std::vector<int> all;
    for (std::size_t i = 0; i < made.problem.candidates.size(); ++i)
      all.push_back(static_cast<int>(i));
    made.problem.relevant.push_back(all);
    made.problem.weights.push_back(1);
  }
  made.problem.most_rejected = 10;
  return made;
}

Solution solved(const ToyCase& made) {
  const ToyPlanner planner(made.queries, 0);
  int calls = 0;
  return search(made.problem, planner.counted(calls));
}

TEST(Rejection, CoveredByALongerOne) {
  const Solution solution =
      solved(one_table({candidate({1}), candidate({1, 2})}, {{{0, 100}, {1, 100.05}}, {{1, 50}}}));
  ASSERT_EQ(chosen_of(solution), std::vector<int>{1});
  ASSERT_EQ(solution.rejected.size(), 1u);
  EXPECT_EQ(solution.rejected[0].candidate, 0);
  EXPECT_EQ(solution.rejected[0].cause, RejectionCause::covered);
  EXPECT_EQ(solution.rejected[0].other, 1);
  EXPECT_NEAR(solution.rejected[0].saving, 900, 1e-9);
  EXPECT_NEAR(solution.rejected[0].on_top, 0.05, 1e-9);
}

TEST(Rejection, ServedByAnother) {
  const Solution solution = solved(one_table({candidate({1}), candidate({2})}, {{{0, 100}, {1, 200}}}));
  ASSERT_EQ(chosen_of(solution), std::vector<int>{0});
  ASSERT_EQ(solution.rejected.size(), 1u);
  EXPECT_EQ(solution.rejected[0].cause, RejectionCause::served);
  EXPECT_EQ(solution.rejected[0].other, 0);
  EXPECT_NEAR(solution.rejected[0].saving, 800, 1e-9);
  EXPECT_EQ(solution.rejected[0].on_top, 0);
}

TEST(Rejection, SavesTooLittleOrLessThanTheWritesPay) {
  ToyCase made = one_table({candidate({1}), candidate({2})}, {{{0, 100}}, {{1, 999.5}}});
  made.problem.candidates[0].write_cost = 950;
  const Solution solution = solved(made);
  EXPECT_TRUE(solution.steps.empty());
  ASSERT_EQ(solution.rejected.size(), 2u);
  EXPECT_EQ(solution.rejected[0].cause, RejectionCause::writes);
  EXPECT_NEAR(solution.rejected[0].write_cost, 950, 1e-9);
  EXPECT_EQ(solution.rejected[1].cause, RejectionCause::too_little);
  EXPECT_NEAR(solution.rejected[1].saving, 0.5, 1e-9);
}

TEST(Rejection, WouldEndHeapOnlyUpdates) {
  ToyCase made = one_table({candidate({1}), candidate({2})}, {{{0, 100}}, {{1, 100}}});
  made.problem.candidates[0].entry_cost = made.problem.candidates[1].entry_cost = 2;
  made.problem.writes = {{.table = 0, .rows = 20, .heap_only = 1, .entries_today = 8, .breakers = {0}}};
  const Solution solution = solved(made);
  ASSERT_EQ(chosen_of(solution), std::vector<int>{1});
  ASSERT_EQ(solution.rejected.size(), 1u);
  EXPECT_EQ(solution.rejected[0].cause, RejectionCause::heap_only);
  EXPECT_NEAR(solution.rejected[0].saving, 900, 1e-9);
  EXPECT_NEAR(solution.rejected[0].write_cost, 20 * (8 + 2 + 2), 1e-9) << "without the search's factor";
}

TEST(Rejection, NoRoomInTheBudget) {
  ToyCase made = one_table({candidate({1}, 60), candidate({2}, 60)}, {{{0, 100}}, {{1, 300}}});
  made.problem.budget_bytes = 100;
  const Solution solution = solved(made);
  ASSERT_EQ(chosen_of(solution), std::vector<int>{0});
  ASSERT_EQ(solution.rejected.size(), 1u);
  EXPECT_EQ(solution.rejected[0].cause, RejectionCause::budget);
  EXPECT_NEAR(solution.rejected[0].on_top, 700, 1e-9);
}

TEST(Rejection, ThePlannerLeavesItAside) {
  const Solution solution = solved(one_table({candidate({1}), candidate({2})}, {{{0, 100}}}));
  ASSERT_EQ(solution.rejected.size(), 1u);
  EXPECT_EQ(solution.rejected[0].candidate, 1);
  EXPECT_EQ(solution.rejected[0].cause, RejectionCause::unused);
  EXPECT_EQ(solution.rejected[0].saving, 0);
}

TEST(Rejection, NoneUnlessAskedFor) {
  ToyCase made = one_table({candidate({1}), candidate({2})}, {{{0, 100}, {1, 200}}});
  made.problem.most_rejected = 0;
  EXPECT_TRUE(solved(made).rejected.empty());
}

// On random workloads: bounded in rows and calls, sorted, repeatable, sound, and no other advice for it.
TEST(Rejection, HoldsOn60Workloads) {
  std::set<RejectionCause> causes;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ToyCase made = random_case(seed, 4, 60, 20, 0.05 + 0.1 * static_cast<double>(seed % 5));
    const Solution plain = solved(made);
    made.problem.most_rejected = 10;
    const Solution solution = solved(made);
    EXPECT_EQ(chosen_of(solution), chosen_of(plain)) << "seed " << seed;
    EXPECT_LE(solution.planner_calls, plain.planner_calls + 20) << "seed " << seed;
    EXPECT_LE(solution.rejected.size(), 10u);
    EXPECT_FALSE(solution.rejected.empty()) << "seed " << seed;
    const std::vector<int> chosen = chosen_of(solution);
    const double least = made.problem.min_gain * solution.cost_after;
    double last = std::numeric_limits<double>::infinity();
    for (const Rejection& rejected : solution.rejected) {
      causes.insert(rejected.cause);
      EXPECT_EQ(std::count(chosen.begin(), chosen.end(), rejected.candidate), 0);
      EXPECT_LE(rejected.saving, last);
      last = rejected.saving;
      EXPECT_EQ(rejected.cause == RejectionCause::unused, rejected.saving == 0);
      EXPECT_TRUE(rejected.cause != RejectionCause::budget || rejected.on_top >= least);
      EXPECT_TRUE(rejected.cause != RejectionCause::served || rejected.on_top - rejected.write_cost < least);
      EXPECT_TRUE(rejected.other < 0 || std::count(chosen.begin(), chosen.end(), rejected.other) == 1);
    }
    const Solution again = solved(made);
    ASSERT_EQ(again.rejected.size(), solution.rejected.size());
    for (std::size_t i = 0; i < again.rejected.size(); ++i)
      EXPECT_EQ(again.rejected[i].candidate, solution.rejected[i].candidate);
  }
  EXPECT_GE(causes.size(), 3u);
}

}  // namespace
