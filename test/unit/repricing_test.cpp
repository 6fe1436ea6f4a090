#include "core/index/repricing.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/index/plan_cache.hpp"
#include "search_problems.hpp"

namespace {

using deal::Random;
using deal::index::AccessCost;
using deal::index::CandidateSet;
using deal::index::kNoCandidate;
using deal::index::PlanCache;
using deal::index::PlanLeaf;
using deal::index::QueryPlan;
using deal::index::RepricedPlan;
using deal::test::random_case;
using deal::test::ToyCase;
using deal::test::ToyPlanner;

AccessCost access(int candidate, double total, int relation = 0) {
  return {candidate, relation, 0, 0, total, {}, relation, 1000};
}

// Candidates 10 and 20, bits 1 and 2, read one relation; the table itself costs 90.
const std::vector<int> kMembers{10, 20};

// The plan of cost 500 with candidate 10, which costs 50 there.
double price_of_second(PlanLeaf leaf, AccessCost first, const AccessCost& second) {
  leaf.candidate = 10;
  leaf.relation = 0;
  leaf.startup = first.startup;
  leaf.total = first.total;
  const RepricedPlan plan(kMembers, {std::move(first), second}, {500, {10}, {}, {leaf}});
  return plan.price(2).cost;
}

TEST(Repricing, AddsTheDifferenceAsOftenAsThePlanPaysForIt) {
  EXPECT_DOUBLE_EQ(price_of_second({}, access(10, 50), access(20, 70)), 520);
  EXPECT_DOUBLE_EQ(price_of_second({.least_times = 3, .most_times = 3}, access(10, 50), access(20, 70)), 560);
  EXPECT_DOUBLE_EQ(price_of_second({.least_times = 3, .most_times = 3}, access(10, 50), access(20, 40)), 470);
}

TEST(Repricing, IsTheWorseOfWhatIsPossibleWhereThatIsNotKnown) {
  const PlanLeaf kept{.least_times = 1, .most_times = 4};
  EXPECT_DOUBLE_EQ(price_of_second(kept, access(10, 50), access(20, 70)), 580);
  EXPECT_DOUBLE_EQ(price_of_second(kept, access(10, 50), access(20, 40)), 490);
  const PlanLeaf early{.least_share = 0, .most_share = 1};
  EXPECT_DOUBLE_EQ(price_of_second(early, access(10, 50), access(20, 40)), 500) << "it may not get so far";
  AccessCost late = access(20, 40);
  late.startup = 35;
  EXPECT_DOUBLE_EQ(price_of_second(early, access(10, 50), late), 535);
}

TEST(Repricing, PaysForTheShareThatIsRead) {
  const PlanLeaf tenth{.least_share = 0.1, .most_share = 0.1};
  EXPECT_DOUBLE_EQ(price_of_second(tenth, access(10, 50), access(20, 70)), 502);
  AccessCost late = access(20, 40);
  late.startup = 35;
  EXPECT_DOUBLE_EQ(price_of_second(tenth, access(10, 50), late), 500 + 35 - 0.1 * 45);
}

TEST(Repricing, SaysWhatItMayCostAsWell) {
  PlanLeaf early{.candidate = 10, .relation = 0, .total = 50, .least_share = 0, .most_share = 1};
  const RepricedPlan plan(kMembers, {access(10, 50), access(20, 40)}, {500, {10}, {}, {early}});
  EXPECT_DOUBLE_EQ(plan.price(2).cost, 500);
  EXPECT_DOUBLE_EQ(plan.price(2).least, 490);
  EXPECT_DOUBLE_EQ(plan.price(1).least, 500) << "what the planner said is certain";
}

TEST(Repricing, ExchangesOnlyWhatGivesThePlanTheSame) {
  const auto impossible = [](const PlanLeaf& leaf, const AccessCost& first, const AccessCost& second) {
    return std::isinf(price_of_second(leaf, first, second));
  };
  EXPECT_TRUE(impossible({}, access(10, 50), access(20, 70, 1))) << "another relation";
  AccessCost other = access(20, 40);
  other.needs = 1;
  EXPECT_TRUE(impossible({}, access(10, 50), other)) << "a relation that isn't read before";
  other = access(20, 40);
  other.rows = 500;
  EXPECT_TRUE(impossible({}, access(10, 50), other)) << "by fewer workers, say";
  AccessCost sorted = access(10, 50);
  sorted.order = {1};
  EXPECT_TRUE(impossible({.ordered = true}, sorted, access(20, 40)));
  EXPECT_FALSE(impossible({.ordered = false}, sorted, access(20, 40))) << "nothing relies on the order";
  other = access(20, 40);
  other.order = {1, 2};
  EXPECT_FALSE(impossible({.ordered = true}, sorted, other)) << "more order than asked for";
}

TEST(Repricing, TakesTheCheapestThereIsAndTheTableItselfLast) {
  const std::vector<AccessCost> accesses{access(10, 50), access(20, 70), access(kNoCandidate, 90)};
  const RepricedPlan plan(kMembers, accesses, {500, {}, {}, {{kNoCandidate, 0, 0, 90}}});
  EXPECT_DOUBLE_EQ(plan.price(0).cost, 500);
  EXPECT_DOUBLE_EQ(plan.price(2).cost, 480);
  EXPECT_DOUBLE_EQ(plan.price(3).cost, 460);
  EXPECT_EQ(plan.price(0).used, 0u);
  EXPECT_EQ(plan.price(2).used, 2u);
  EXPECT_EQ(plan.price(3).used, 1u);
}

TEST(Repricing, APlanNeedsWhatItsLeavesDoNotExplain) {
  const std::vector<AccessCost> accesses{access(10, 50), access(20, 70)};
  const RepricedPlan pinned(kMembers, accesses, {500, {10}, {}, {{10, -1, 0, 50}}});
  EXPECT_TRUE(std::isinf(pinned.price(2).cost));
  EXPECT_DOUBLE_EQ(pinned.price(3).cost, 500);
  const RepricedPlan unknown(kMembers, accesses, {500, {10}, {}, {{10, 0, 0, 60}}});
  EXPECT_TRUE(std::isinf(unknown.price(2).cost)) << "an access of another cost is another access";
  const RepricedPlan silent(kMembers, accesses, {500, {10}, {}, {}});
  EXPECT_TRUE(std::isinf(silent.price(2).cost));
}

CandidateSet random_set(Random& random, const PlanCache& cache, int query) {
  CandidateSet set = 0;
  for (std::size_t place = 0; place < cache.members(query).size(); ++place) {
    if (random.uniform() < 0.3) set |= CandidateSet{1} << place;
  }
  return set;
}

// Every query's plan with nothing, with everything, and with a few sets.
void ask_some(PlanCache& cache, Random& random, int queries) {
  cache.limit_calls(1000);
  for (int query = 0; query < queries; ++query) {
    cache.plan_base(query);
    cache.plan(query, cache.all(query));
    for (int i = 0; i < 2; ++i)
      cache.plan(query, random_set(random, cache, query));
  }
}

TEST(PlanCache, BoundsHoldWithPlansPricedAnew) {
  int priced_anew = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const ToyCase made = random_case(seed, 5, 60, 20, 1.0);
    const ToyPlanner planner(made.queries, 0);
    int calls = 0;
    const deal::index::Planner telling = planner.telling_all(calls, made.problem);
    PlanCache cache(made.problem, telling);
    Random random(seed);
    ask_some(cache, random, 20);
    for (int query = 0; query < 20; ++query) {
      for (int i = 0; i < 20; ++i) {
        const CandidateSet set = random_set(random, cache, query);
        const double cost = planner.plan(query, cache.candidates_of(query, set)).cost;
        EXPECT_GE(cache.upper(query, set), cost / 1.01) << "but for the hundredth that stand-ins may differ";
        EXPECT_LE(cache.lower(query, set), cost * 1.01);
        priced_anew += cache.upper(query, set) < cache.cheapest_planned(query, set).cost ? 1 : 0;
      }
    }
  }
  EXPECT_GT(priced_anew, 1000) << "or this shows nothing";
}

TEST(PlanCache, WithoutCallsLeftAnswersWithPlansThatThePlannerMade) {
  const ToyCase made = random_case(7, 5, 60, 20, 1.0);
  const ToyPlanner planner(made.queries, 0);
  int calls = 0;
  std::set<double> answers;
  const deal::index::Planner telling = planner.telling_all(calls, made.problem);
  const deal::index::Planner noting = [&](int query, std::span<const int> available) {
    const QueryPlan answer = telling(query, available);
    answers.insert(answer.cost);
    return answer;
  };
  PlanCache cache(made.problem, noting);
  Random random(7);
  ask_some(cache, random, 20);
  cache.limit_calls(cache.calls());
  int cheaper = 0;
  for (int query = 0; query < 20; ++query) {
    for (int i = 0; i < 20; ++i) {
      const CandidateSet set = random_set(random, cache, query);
      const double cost = cache.plan_exactly(query, set).cost;
      EXPECT_EQ(answers.count(cost), 1u);
      cheaper += cache.upper(query, set) < cost ? 1 : 0;
    }
  }
  EXPECT_GT(cheaper, 0) << "or this shows nothing";
}

// One query with the candidates 0 and 1, of which all is known that the first call tells.
CandidateSet priced_after(const std::vector<AccessCost>& accesses, const PlanLeaf& leaf) {
  deal::index::Problem problem;
  problem.candidates.resize(2);
  problem.relevant = {{0, 1}};
  problem.weights = {1};
  const deal::index::Planner planner = [&](int, std::span<const int>) {
    return QueryPlan{500, {}, accesses, {leaf}};
  };
  PlanCache cache(problem, planner);
  cache.plan_base(0);
  return cache.priced(0);
}

TEST(PlanCache, KnowsWhichCandidatesPlansPricedAnewTellOf) {
  const std::vector<AccessCost> joined{access(0, 50, 0), access(1, 70, 1)};
  const PlanLeaf whole{0, 0, 0, 50};
  EXPECT_EQ(priced_after(joined, whole), 3u);
  EXPECT_EQ(priced_after({access(0, 50, 0), access(1, 70, 0)}, whole), 0u) << "a query of one relation";
  PlanLeaf part = whole;
  part.least_share = part.most_share = 0.1;
  EXPECT_EQ(priced_after(joined, part), 0u) << "a LIMIT ends the plan early";
  std::vector<AccessCost> more = joined;
  more.push_back({1, 7, 0, 0, 0, {}, deal::index::kNotPriced});
  EXPECT_EQ(priced_after(more, whole), 1u) << "it may be worth more than its accesses say";
}

// The planner tells accesses to the table only, yet its plan uses both candidates.
TEST(PlanCache, WhatAPlanUsesIsNeverUseless) {
  deal::index::Problem problem;
  problem.candidates.resize(3);
  problem.relevant = {{0, 1, 2}};
  problem.weights = {1};
  const deal::index::Planner planner = [](int, std::span<const int>) {
    return QueryPlan{500, {0, 1}, {access(kNoCandidate, 900, 0)}, {}};
  };
  PlanCache cache(problem, planner);
  cache.plan_base(0);
  EXPECT_FALSE(cache.useless(0, 0) || cache.useless(0, 1));
  EXPECT_FALSE(cache.serves_as_well(0, 0, 1) || cache.serves_as_well(0, 2, 1));
  EXPECT_TRUE(cache.useless(0, 2));
}

}  // namespace
