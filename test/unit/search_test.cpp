#include "core/index/search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>

#include "core/base/error.hpp"
#include "core/base/interrupt.hpp"
#include "core/index/moves.hpp"
#include "core/index/plan_cache.hpp"
#include "core/index/refunds.hpp"
#include "core/index/search_state.hpp"
#include "search_problems.hpp"

namespace {

using deal::index::CandidateIndex;
using deal::index::Problem;
using deal::index::QueryPlan;
using deal::index::search;
using deal::index::Solution;
using deal::test::bytes_of;
using deal::test::chosen_of;
using deal::test::exhaustive_cost;
using deal::test::plain_greedy;
using deal::test::random_case;
using deal::test::ToyCase;
using deal::test::ToyPlanner;
using deal::test::ToyQuery;
using deal::test::true_cost;

CandidateIndex candidate(int table, std::vector<int> columns, std::int64_t bytes) {
  CandidateIndex index;
  index.table = table;
  for (const int column : columns)
    index.keys.push_back({column, false, false});
  index.bytes = bytes;
  return index;
}

enum class Told { nothing, accesses, leaves };

// The bars of the search, whether the planner tells what accesses cost and where plans read them or not: what
// it tells may only save calls.
class SearchWith : public testing::TestWithParam<Told> {
 protected:
  Solution solve(const ToyCase& made, const ToyPlanner& planner, int& calls) const {
    if (GetParam() == Told::leaves) return search(made.problem, planner.telling_all(calls, made.problem));
    if (GetParam() == Told::accesses) return search(made.problem, planner.telling(calls, made.problem));
    return search(made.problem, planner.counted(calls));
  }
};

std::string name_of_told(const testing::TestParamInfo<Told>& told) {
  const char* const names[] = {"Unknown", "Told", "ToldWithLeaves"};
  return names[static_cast<int>(told.param)];
}

INSTANTIATE_TEST_SUITE_P(AccessCosts, SearchWith,
                         testing::Values(Told::nothing, Told::accesses, Told::leaves), name_of_told);

TEST_P(SearchWith, NeverWorseThanPlainGreedyOn200Workloads) {
  double calls = 0;
  double ratio = 0;
  int better = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const double budget = seed % 4 == 0 ? 1.0 : 0.05 + 0.1 * static_cast<double>(seed % 5);
    const ToyCase made = random_case(seed, 4 + static_cast<int>(seed % 4), 60, 20, budget);
    const ToyPlanner planner(made.queries, 0);
    int counted = 0;
    const Solution solution = solve(made, planner, counted);
    const std::vector<int> chosen = chosen_of(solution);
    const std::vector<int> by_greedy = plain_greedy(made, planner);
    const double ours = true_cost(made, planner, chosen);
    const double greedy = true_cost(made, planner, by_greedy);
    // Every index must be worth its place: of two sets that save about the same, the smaller one is better.
    const double place = made.problem.min_gain * ours;
    EXPECT_LE(ours + place * static_cast<double>(chosen.size()),
              greedy + place * static_cast<double>(by_greedy.size()) + 1e-3 * greedy)
        << "seed " << seed;
    EXPECT_LE(bytes_of(made, chosen), made.problem.budget_bytes) << "seed " << seed;
    EXPECT_EQ(solution.planner_calls, counted);
    EXPECT_FALSE(solution.hit_limit) << "seed " << seed;
    double writes = 0;
    for (const int c : chosen)
      writes += made.problem.candidates[static_cast<std::size_t>(c)].write_cost;
    EXPECT_NEAR(solution.cost_after + writes, ours, 1e-6 * ours) << "seed " << seed;
    calls += counted;
    ratio += ours / greedy;
    better += ours < 0.999 * greedy ? 1 : 0;
  }
  EXPECT_LE(ratio / 200, 0.995) << "on average it must be better";
  std::printf(
      "20 queries, 60 candidates: cost %.4f of plain greedy's, better in %d of 200, %.0f planner calls\n",
      ratio / 200, better, calls / 200);
}

TEST_P(SearchWith, WithinOnePercentOfExhaustiveSearchOnSmallCases) {
  double worst = 1;
  double calls = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    ToyCase made =
        random_case(1000 + seed, 3, 11, 8, seed % 3 == 0 ? 1.0 : 0.2 + 0.1 * static_cast<double>(seed % 4));
    made.problem.min_gain = 1e-5;
    const ToyPlanner planner(made.queries, 0);
    int counted = 0;
    const Solution solution = solve(made, planner, counted);
    const double ours = true_cost(made, planner, chosen_of(solution));
    const double best = exhaustive_cost(made, planner);
    EXPECT_LE(ours, 1.01 * best) << "seed " << seed;
    worst = std::max(worst, ours / best);
    calls += counted;
  }
  std::printf("8 queries, 11 candidates: worst %.4f of the optimum, %.0f planner calls\n", worst,
              calls / 120);
}

TEST(Search, ToleratesAPlannerThatIsNotMonotone) {
  double ratio = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const ToyCase made = random_case(3000 + seed, 5, 50, 15, 0.25);
    const ToyPlanner planner(made.queries, 0.05);
    int counted = 0;
    const Solution solution = search(made.problem, planner.counted(counted));
    const double ours = true_cost(made, planner, chosen_of(solution));
    const double greedy = true_cost(made, planner, plain_greedy(made, planner));
    EXPECT_LE(bytes_of(made, chosen_of(solution)), made.problem.budget_bytes);
    EXPECT_LE(ours, greedy * 1.06) << "seed " << seed;
    double writes = 0;
    for (const int c : chosen_of(solution))
      writes += made.problem.candidates[static_cast<std::size_t>(c)].write_cost;
    EXPECT_NEAR(solution.cost_after + writes, ours, 1e-6 * ours) << "the final costs are the planner's own";
    ratio += ours / greedy;
  }
  std::printf("disorder of 5 %%: cost %.4f of plain greedy's\n", ratio / 40);
  EXPECT_LE(ratio / 40, 1.0);
}

TEST(Search, IsDeterministic) {
  const ToyCase made = random_case(77, 5, 60, 20, 0.2);
  const ToyPlanner planner(made.queries, 0.02);
  int calls = 0;
  const Solution one = search(made.problem, planner.counted(calls));
  const Solution two = search(made.problem, planner.counted(calls));
  EXPECT_EQ(chosen_of(one), chosen_of(two));
  EXPECT_EQ(one.planner_calls, two.planner_calls);
  EXPECT_EQ(one.cost_after, two.cost_after);
}

TEST(Search, HonoursTheCallLimitAndStop) {
  const ToyCase made = random_case(5, 5, 60, 20, 0.3);
  const ToyPlanner planner(made.queries, 0);
  for (const int limit : {0, 20, 21, 50, 100, 150}) {
    Problem problem = made.problem;
    problem.max_planner_calls = limit;
    int calls = 0;
    const Solution solution = search(problem, planner.counted(calls));
    EXPECT_LE(calls, std::max(limit, 20)) << "the base plans are always made";
    EXPECT_TRUE(solution.hit_limit);
    EXPECT_LE(bytes_of(made, chosen_of(solution)), problem.budget_bytes);
    EXPECT_LE(solution.cost_after, solution.cost_before);
    EXPECT_TRUE(std::isfinite(solution.cost_after));
  }
  Problem problem = made.problem;
  int asked = 0;
  problem.stop = [&] { return ++asked > 70; };
  int calls = 0;
  const Solution solution = search(problem, planner.counted(calls));
  EXPECT_TRUE(solution.hit_limit);
  EXPECT_LE(calls, 20 + 70);
}

TEST(Search, FindsAPairThatIsUselessApart) {
  ToyCase made;
  made.problem.candidates = {candidate(0, {1}, 100), candidate(1, {1}, 100), candidate(2, {1}, 100)};
  ToyQuery query;
  query.tables = {{0, 100, {{0, 100}}}, {1, 100, {{1, 100}}}, {2, 100, {{2, 80}}}};
  query.pairs = {{0, 1, 150}};
  made.queries = {query};
  made.problem.relevant = {{0, 1, 2}};
  made.problem.weights = {1};
  made.problem.budget_bytes = 200;
  const ToyPlanner planner(made.queries, 0);
  int calls = 0;
  const Solution solution = search(made.problem, planner.counted(calls));
  EXPECT_DOUBLE_EQ(solution.cost_after, 150);
  EXPECT_EQ(solution.steps.size(), 2u);
}

TEST(Search, WidensInsteadOfKeepingBoth) {
  // The narrow index alone is the better buy, the wide one serves both queries.
  ToyCase made;
  made.problem.candidates = {candidate(0, {1}, 100), candidate(0, {1, 2}, 150)};
  made.queries = {{{{0, 1000, {{0, 100}, {1, 101}}}}, {}}, {{{0, 1000, {{0, 700}, {1, 100}}}}, {}}};
  made.problem.relevant = {{0, 1}, {0, 1}};
  made.problem.weights = {10, 1};
  made.problem.budget_bytes = 240;
  const ToyPlanner planner(made.queries, 0);
  int calls = 0;
  const Solution solution = search(made.problem, planner.counted(calls));
  EXPECT_EQ(chosen_of(solution), std::vector<int>{1});
}

TEST(Search, ReplacesAnExistingIndexThatTheNewOneCovers) {
  ToyCase made;
  made.problem.candidates = {candidate(0, {1}, 100), candidate(0, {1, 2}, 150), candidate(0, {3}, 50)};
  made.problem.candidates[0].existing = made.problem.candidates[0].droppable = true;
  made.problem.candidates[2].existing = made.problem.candidates[2].droppable = true;
  made.queries = {{{{0, 1000, {{0, 500}, {1, 100}}}}, {}},
                  {{{0, 1000, {{0, 90}, {1, 90.05}}}}, {}},
                  {{{0, 1000, {{2, 10}}}}, {}}};
  made.problem.relevant = {{0, 1, 2}, {0, 1, 2}, {0, 1, 2}};
  made.problem.weights = {1, 1, 1};
  const ToyPlanner planner(made.queries, 0);
  int calls = 0;
  Solution solution = search(made.problem, planner.counted(calls));
  ASSERT_EQ(chosen_of(solution), std::vector<int>{1});
  EXPECT_EQ(solution.steps[0].replaces, std::vector<int>{0});
  EXPECT_DOUBLE_EQ(solution.cost_before, 600);
  EXPECT_NEAR(solution.cost_after, 200.05, 1e-9);
  EXPECT_NEAR(solution.steps[0].cost_after, 200.05, 1e-9);
  EXPECT_NEAR(solution.query_after[1], 90.05, 1e-9);
  EXPECT_EQ(solution.query_used[1], std::vector<int>{1});
  EXPECT_NEAR(solution.steps[0].marginal_saving, 1000 + 1000 - 100 - 90.05, 1e-9) << "its forerunner is gone";
  // One that backs a constraint stays.
  made.problem.candidates[0].droppable = false;
  solution = search(made.problem, planner.counted(calls));
  EXPECT_TRUE(solution.steps[0].replaces.empty());
}

// Two queries on one table; an existing index on (1) and wider ones that could take its place.
ToyCase replaceable(std::int64_t budget) {
  ToyCase made;
  made.problem.candidates = {candidate(0, {1}, 100), candidate(0, {1, 2}, 130), candidate(0, {1, 3}, 150)};
  made.problem.candidates[0].existing = made.problem.candidates[0].droppable = true;
  made.queries = {{{{0, 1000, {{0, 500}, {1, 100}, {2, 490}}}}, {}},
                  {{{0, 1000, {{0, 500}, {1, 500.1}, {2, 100}}}}, {}}};
  made.problem.relevant = {{0, 1, 2}, {0, 1, 2}};
  made.problem.weights = {1, 1};
  made.problem.budget_bytes = budget;
  made.problem.net_budget = true;
  return made;
}

TEST(Search, ANetBudgetMaySpendWhatItReplaces) {
  int calls = 0;
  const auto advise = [&](const ToyCase& made) {
    const ToyPlanner planner(made.queries, 0);
    return search(made.problem, planner.counted(calls));
  };
  ToyCase made = replaceable(30);
  Solution solution = advise(made);
  ASSERT_EQ(chosen_of(solution), std::vector<int>{1}) << "130 new bytes, 100 given back";
  EXPECT_EQ(solution.steps[0].replaces, std::vector<int>{0});
  made.problem.net_budget = false;
  EXPECT_TRUE(advise(made).steps.empty()) << "a gross budget of 30";
  EXPECT_TRUE(advise(replaceable(29)).steps.empty()) << "130 - 100 is more than 29";
  // Both would replace the same one: its bytes come back once.
  EXPECT_EQ(chosen_of(advise(replaceable(179))).size(), 1u);
  EXPECT_EQ(chosen_of(advise(replaceable(180))).size(), 2u);
  made = replaceable(30);
  made.problem.candidates[0].droppable = false;
  EXPECT_TRUE(advise(made).steps.empty()) << "it stays, so it gives nothing back";
}

TEST(Search, WhatIsMissedWhenItGoesGivesNoBytesBack) {
  ToyCase made = replaceable(30);
  // A third query that only the narrow index serves well: covered, yet not to be replaced.
  made.queries.push_back({{{0, 1000, {{0, 5}, {1, 300}}}}, {}});
  made.problem.relevant.push_back({0, 1});
  made.problem.weights.push_back(1);
  const ToyPlanner planner(made.queries, 0);
  int calls = 0;
  EXPECT_TRUE(search(made.problem, planner.counted(calls)).steps.empty());
  made.problem.budget_bytes = 130;
  const Solution solution = search(made.problem, planner.counted(calls));
  ASSERT_EQ(chosen_of(solution), std::vector<int>{1}) << "paid in full it comes beside the other";
  EXPECT_TRUE(solution.steps[0].replaces.empty());
}

TEST(Search, RealBytesStayWithinANetBudgetOn100Workloads) {
  int replaced = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    ToyCase made = random_case(seed, 3, 40, 15, 0.1);
    made.problem.net_budget = true;
    for (std::size_t i = 0; i < made.problem.candidates.size(); i += 3)
      made.problem.candidates[i].existing = made.problem.candidates[i].droppable =
          made.problem.candidates[i].keys.size() == 1;
    const ToyPlanner planner(made.queries, 0);
    int calls = 0;
    const Solution solution = search(made.problem, planner.counted(calls));
    std::set<int> gone;
    for (const auto& step : solution.steps)
      gone.insert(step.replaces.begin(), step.replaces.end());
    std::int64_t bytes = bytes_of(made, chosen_of(solution));
    for (const int existing : gone)
      bytes -= made.problem.candidates[static_cast<std::size_t>(existing)].bytes;
    EXPECT_LE(bytes, made.problem.budget_bytes) << "seed " << seed;
    replaced += gone.empty() ? 0 : 1;
  }
  EXPECT_GT(replaced, 10);
}

// One query that index 0 on a hot column serves, one that index 1 serves; updates of the hot column.
ToyCase hot_column(double updates, double heap_only) {
  ToyCase made;
  made.problem.candidates = {candidate(0, {1}, 100), candidate(0, {2}, 100)};
  made.problem.candidates[0].entry_cost = made.problem.candidates[1].entry_cost = 2;
  made.queries = {{{{0, 1000, {{0, 100}}}}, {}}, {{{0, 1000, {{1, 100}}}}, {}}};
  made.problem.relevant = {{0}, {1}};
  made.problem.weights = {1, 1};
  made.problem.writes = {
      {.table = 0, .rows = updates, .heap_only = heap_only, .entries_today = 8, .breakers = {0}}};
  return made;
}

TEST(Search, NoIndexThatEndsHeapOnlyUpdatesOfAHotColumnForAColdQuery) {
  int calls = 0;
  const auto advise = [&](const ToyCase& made) {
    const ToyPlanner planner(made.queries, 0);
    return search(made.problem, planner.counted(calls));
  };
  // Each update would make 4 entries of 2 in the existing indexes, and 2 in the new one: 10 lost an update,
  // and it has to be worth five times that; 900 are to be saved.
  EXPECT_EQ(chosen_of(advise(hot_column(20, 1))), std::vector<int>{1}) << "the other column isn't updated";
  EXPECT_EQ(chosen_of(advise(hot_column(5, 1))).size(), 2u);
  // Updates that are not heap-only anyway cost what one more entry costs.
  EXPECT_EQ(chosen_of(advise(hot_column(20, 0))).size(), 2u);
  EXPECT_TRUE(chosen_of(advise(hot_column(1000, 0))).empty());
}

TEST(Search, AnIndexThatJoinsAfterHeapOnlyUpdatesHaveEndedPaysItsOwnEntriesOnce) {
  ToyCase made = hot_column(5, 1);
  made.problem.candidates[1].entry_cost =
      40;  // as GIN's: 5 * 40 of the 900 that it saves, not five times that
  const ToyPlanner planner(made.queries, 0);
  int calls = 0;
  EXPECT_EQ(chosen_of(search(made.problem, planner.counted(calls))).size(), 2u);
}

TEST(Search, LostHeapOnlyUpdatesAreChargedOnceAndInEveryIndex) {
  ToyCase made = hot_column(5, 0.8);
  const ToyPlanner planner(made.queries, 0);
  int calls = 0;
  const Solution solution = search(made.problem, planner.counted(calls));
  ASSERT_EQ(solution.steps.size(), 2u);
  double total = 0;
  for (const auto& step : solution.steps)
    total += step.write_cost;
  EXPECT_NEAR(total, 5 * (8 * 0.8 + 2 + 2), 1e-9)
      << "existing entries of the heap-only share, two new ones of all";
  EXPECT_NEAR(solution.steps[0].write_cost + solution.steps[1].write_cost, total, 1e-9);
}

TEST(Search, RefusesWhatCostsMoreThanItSaves) {
  ToyCase made;
  made.problem.candidates = {candidate(0, {1}, 100), candidate(0, {2}, 100)};
  made.problem.candidates[0].write_cost = 950;
  made.queries = {{{{0, 1000, {{0, 100}}}}, {}}, {{{0, 1000, {{1, 999.5}}}}, {}}};
  made.problem.relevant = {{0}, {1}};
  made.problem.weights = {1, 1};
  const ToyPlanner planner(made.queries, 0);
  int calls = 0;
  const Solution solution = search(made.problem, planner.counted(calls));
  EXPECT_TRUE(solution.steps.empty());
  EXPECT_EQ(solution.cost_after, solution.cost_before);
}

TEST(Search, RanksByMarginalBenefitAndReportsEveryStep) {
  const ToyCase made = random_case(11, 5, 60, 20, 0.3);
  const ToyPlanner planner(made.queries, 0);
  int calls = 0;
  const Solution solution = search(made.problem, planner.counted(calls));
  ASSERT_GE(solution.steps.size(), 3u);
  std::vector<int> so_far;
  double before = solution.cost_before;
  for (const auto& step : solution.steps) {
    so_far.push_back(step.candidate);
    double writes = 0;
    for (const int c : so_far)
      writes += made.problem.candidates[static_cast<std::size_t>(c)].write_cost;
    EXPECT_NEAR(step.cost_after, true_cost(made, planner, so_far) - writes, 1e-3 * before);
    EXPECT_LE(step.cost_after, before * (1 + 1e-9));
    before = step.cost_after;
    std::vector<int> without = chosen_of(solution);
    std::erase(without, step.candidate);
    const double saving = true_cost(made, planner, without) - true_cost(made, planner, chosen_of(solution)) +
                          made.problem.candidates[static_cast<std::size_t>(step.candidate)].write_cost;
    EXPECT_NEAR(step.marginal_saving, saving, 1e-6 * solution.cost_before);
    EXPECT_GT(step.marginal_saving, 0);
  }
  EXPECT_EQ(solution.steps.back().cost_after, solution.cost_after);
  double weighted = 0;
  for (std::size_t q = 0; q < made.problem.weights.size(); ++q) {
    weighted += made.problem.weights[q] * solution.query_after[q];
    EXPECT_LE(solution.query_after[q], solution.query_before[q]);
  }
  EXPECT_NEAR(weighted, solution.cost_after, 1e-6 * weighted);
}

// One query, one table: candidate 0 is a large B-tree, 1 a small BRIN index that the planner thinks dearer,
// because it charges for pages that won't be read.
QueryPlan overcharged(std::span<const int> available) {
  const auto there = [&](int c) {
    return std::find(available.begin(), available.end(), c) != available.end();
  };
  if (there(0)) return {100, {0}};
  QueryPlan plan{there(1) ? 900.0 : 10'000.0, {}};
  if (there(1)) {
    plan.used = {1};
    plan.overcharge = 795;
  }
  return plan;
}

Problem of_one_query(std::vector<CandidateIndex> candidates) {
  Problem problem;
  problem.candidates = std::move(candidates);
  problem.weights = {1};
  problem.relevant = {{}};
  for (std::size_t i = 0; i < problem.candidates.size(); ++i)
    problem.relevant[0].push_back(static_cast<int>(i));
  return problem;
}

TEST(Search, WeighsAPlanWithoutWhatStandsForNoWorkAndReportsAllOfIt) {
  Problem problem = of_one_query({candidate(1, {1}, 40'000'000), candidate(1, {1}, 100'000)});
  problem.candidates[0].write_cost = 50;  // more than the 5 that it saves in truth
  problem.candidates[1].method = deal::index::AccessMethod::brin;
  const Solution solution = search(problem, [](int, std::span<const int> a) { return overcharged(a); });
  EXPECT_EQ(chosen_of(solution), std::vector<int>{1});
  EXPECT_EQ(solution.cost_after, 900);
  EXPECT_EQ(solution.query_after[0], 900);
  EXPECT_EQ(solution.steps[0].cost_after, 900);
  EXPECT_EQ(solution.cost_before, 10'000);
}

TEST(Search, ABaseThatIsOverchargedIsReportedInFull) {
  Problem problem = of_one_query({candidate(1, {1}, 1000)});
  const Solution solution = search(problem, [](int, std::span<const int> available) {
    if (!available.empty()) return QueryPlan{50, {0}};
    QueryPlan plan{1000, {}};
    plan.overcharge = 500;
    return plan;
  });
  EXPECT_EQ(solution.cost_before, 1000);
  EXPECT_EQ(solution.query_before[0], 1000);
  EXPECT_EQ(solution.cost_after, 50);
}

TEST(Search, OfTwoThatSaveAboutTheSameTheMuchSmallerOne) {
  Problem problem = of_one_query({candidate(1, {1, 2}, 4'000'000), candidate(1, {2}, 100'000)});
  const Solution solution = search(problem, [](int, std::span<const int> available) {
    if (std::find(available.begin(), available.end(), 0) != available.end()) return QueryPlan{1000, {0}};
    return available.empty() ? QueryPlan{10'000, {}} : QueryPlan{1000.1, {1}};
  });
  EXPECT_EQ(chosen_of(solution), std::vector<int>{1});
}

TEST(Search, NoPartialIndexBesideAWholeOneForNextToNothing) {
  // The whole one alone costs 1000, the partial one alone (guessing how many rows there are) 1400, both 995.
  Problem problem = of_one_query({candidate(1, {-1}, 640'000), candidate(1, {-1}, 30'000)});
  problem.candidates[1].predicate = 1;
  const auto planner = [](int, std::span<const int> available) {
    if (available.size() == 2) return QueryPlan{995, {0, 1}};
    if (available.empty()) return QueryPlan{50'000, {}};
    return available[0] == 0 ? QueryPlan{1000, {0}} : QueryPlan{1400, {1}};
  };
  const Solution solution = search(problem, planner);
  EXPECT_EQ(chosen_of(solution), std::vector<int>{0});
  EXPECT_EQ(solution.cost_after, 1000);
}

TEST(Moves, AWideIndexIsNarrowedToMakeRoom) {
  // Query 0: a narrow index saves 9000, a wide one 100 more; query 1 needs one that only fits beside the
  // narrow.
  Problem problem = of_one_query({candidate(1, {1}, 20), candidate(1, {1, 2}, 70), candidate(2, {1}, 60)});
  problem.budget_bytes = 100;
  problem.weights = {1, 1};
  problem.relevant = {{0, 1}, {2}};
  const deal::index::Planner planner = [](int query, std::span<const int> available) {
    const auto there = [&](int c) {
      return std::find(available.begin(), available.end(), c) != available.end();
    };
    if (query == 1) return there(2) ? QueryPlan{500, {2}} : QueryPlan{1000, {}};
    if (there(1)) return QueryPlan{900, {1}};
    return there(0) ? QueryPlan{1000, {0}} : QueryPlan{10'000, {}};
  };
  deal::index::PlanCache cache(problem, planner);
  cache.limit_calls(100);
  const deal::index::Refunds refunds(problem);
  for (const int query : {0, 1})
    cache.plan_base(query);
  deal::index::SearchState state(problem, cache, refunds);
  state.apply({{0}, {}}, deal::index::Ask::unsure);
  state.apply({{1}, {0}}, deal::index::Ask::unsure);
  const std::vector<deal::index::Move> moves = deal::index::exchanges(problem, cache, state, {0, 1, 2});
  EXPECT_TRUE(std::any_of(moves.begin(), moves.end(), [](const deal::index::Move& move) {
    return move.add == std::vector<int>{2, 0} && move.remove == std::vector<int>{1};
  }));
}

TEST(Search, EmptyProblems) {
  int calls = 0;
  const auto planner = [&](int, std::span<const int>) {
    ++calls;
    return QueryPlan{10, {}};
  };
  EXPECT_TRUE(search({}, planner).steps.empty());
  Problem problem;
  problem.weights = {2};
  problem.relevant = {{}};
  const Solution solution = search(problem, planner);
  EXPECT_EQ(solution.cost_before, 20);
  EXPECT_EQ(solution.cost_after, 20);
  EXPECT_EQ(calls, 1);
}

TEST(Search, RefusesContradictions) {
  const auto planner = [](int, std::span<const int>) { return QueryPlan{1, {}}; };
  Problem problem;
  problem.weights = {1};
  EXPECT_THROW(search(problem, planner), deal::Error);
  problem.relevant = {{3}};
  EXPECT_THROW(search(problem, planner), deal::Error);
  problem.relevant = {{}};
  problem.weights = {0};
  EXPECT_THROW(search(problem, planner), deal::Error);
}

TEST(Search, StopsWhenTheHostSaysSo) {
  const ToyCase made = random_case(5, 5, 60, 20, 0.3);
  const ToyPlanner planner(made.queries, 0);
  static int polls = 0;
  polls = 0;
  const deal::InterruptCheck before = deal::set_interrupt_check([] {
    if (++polls > 30) throw deal::Error("57014", "canceling statement due to user request");
  });
  int calls = 0;
  EXPECT_THROW(search(made.problem, planner.counted(calls)), deal::Error);
  deal::set_interrupt_check(before);
  EXPECT_LE(calls, 31);
}

TEST(Covers, NeedsTheSamePrefixAndTheIncludedColumns) {
  using deal::index::covers;
  CandidateIndex narrow = candidate(1, {1, 2}, 0);
  CandidateIndex wide = candidate(1, {1, 2, 3}, 0);
  EXPECT_TRUE(covers(wide, narrow));
  EXPECT_FALSE(covers(narrow, wide));
  EXPECT_TRUE(covers(narrow, narrow));
  narrow.include = {4};
  EXPECT_FALSE(covers(wide, narrow));
  wide.include = {4};
  EXPECT_TRUE(covers(wide, narrow));
  narrow.include = {3};
  EXPECT_TRUE(covers(wide, narrow)) << "a key column is carried as well";
  wide.keys[1].descending = true;
  EXPECT_FALSE(covers(wide, narrow));
  wide = candidate(1, {2, 1, 3}, 0);
  narrow.include.clear();
  EXPECT_FALSE(covers(wide, narrow));
  wide = candidate(1, {1, 2, 3}, 0);
  wide.predicate = 1;
  EXPECT_FALSE(covers(wide, narrow));
}

}  // namespace
