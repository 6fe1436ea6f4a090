#include "core/index/candidates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.hpp"

namespace {

using deal::index::AccessMethod;
using deal::index::CandidateIndex;
using deal::index::CandidateLimits;
using deal::index::Clause;
using deal::index::ClauseKind;
using deal::index::KeyColumn;
using deal::index::Proposals;
using deal::index::propose;
using deal::index::TableUse;

constexpr auto kEqual = ClauseKind::equal;
constexpr auto kList = ClauseKind::list;
constexpr auto kRange = ClauseKind::range;
constexpr auto kJoin = ClauseKind::join;

TableUse use_of(std::vector<Clause> clauses, std::int32_t query = 0, std::int32_t table = 0) {
  TableUse use;
  use.query = query;
  use.table = table;
  use.clauses = std::move(clauses);
  return use;
}

// "1 2d 3f": attribute numbers; d: descending with nulls first, f: ascending with nulls first, l: descending
// with nulls last.
std::string text_of(const std::vector<KeyColumn>& keys) {
  std::string text;
  for (auto const& key : keys) {
    if (!text.empty()) text += ' ';
    text += std::to_string(key.attno);
    if (key.descending) text += key.nulls_first ? 'd' : 'l';
    if (!key.descending && key.nulls_first) text += 'f';
  }
  return text;
}

// Also what isn't a plain B-tree on keys: "gin 4", "1 2 | 5" (INCLUDE), "1 where 3".
std::string text_of(const CandidateIndex& candidate) {
  std::string text = text_of(candidate.keys);
  if (candidate.method != AccessMethod::btree) text = std::string(name_of(candidate.method)) + " " + text;
  if (!candidate.include.empty()) text += " |";
  for (auto const attno : candidate.include)
    text += " " + std::to_string(attno);
  if (candidate.predicate != 0) text += " where " + std::to_string(candidate.predicate);
  return text;
}

std::vector<std::string> keys_of(const Proposals& proposals) {
  std::vector<std::string> keys;
  for (auto const& candidate : proposals.candidates)
    keys.push_back(text_of(candidate));
  return keys;
}

std::vector<std::string> keys_for(const TableUse& use, const CandidateLimits& limits = {}) {
  return keys_of(propose({use}, 1, limits));
}

bool has(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

TEST(Candidates, NothingFromNothing) {
  EXPECT_TRUE(propose({}, 0, {}).candidates.empty());
  EXPECT_TRUE(keys_for(use_of({})).empty());
  TableUse reads_only = use_of({});
  reads_only.needed = {1, 2};
  EXPECT_TRUE(keys_for(reads_only).empty()) << "columns that are only read lead no key";
}

TEST(Candidates, EqualitiesMostSelectiveFirstThenTheRange) {
  auto const keys = keys_for(use_of({{1, kRange, 0, 0.3}, {2, kEqual, 0, 0.1}, {3, kEqual, 0, 0.001}}));
  ASSERT_FALSE(keys.empty());
  EXPECT_EQ(keys.front(), "3 2 1");
  EXPECT_TRUE(has(keys, "3 2"));
  EXPECT_TRUE(has(keys, "2"));
  EXPECT_TRUE(has(keys, "3"));
  EXPECT_TRUE(has(keys, "1"));
}

TEST(Candidates, ListsStandBetweenEqualitiesAndRanges) {
  auto const keys = keys_for(use_of({{1, kList, 0, 0.001}, {2, kEqual, 0, 0.5}, {3, kRange, 0, 0.001}}));
  EXPECT_EQ(keys.front(), "2 1 3");
}

TEST(Candidates, OneRangeAtATimeAndBothTogether) {
  auto const keys = keys_for(use_of({{1, kEqual, 0, 0.1}, {2, kRange, 0, 0.2}, {3, kRange, 0, 0.1}}));
  EXPECT_EQ(keys.front(), "1 3") << "the more selective range first";
  EXPECT_TRUE(has(keys, "1 2"));
  EXPECT_TRUE(has(keys, "1 3 2"));
}

TEST(Candidates, OneColumnInTwoClausesStandsOnce) {
  auto const keys = keys_for(use_of({{1, kEqual, 0, 0.1}, {1, kRange, 0, 0.2}, {1, kJoin, 0, 1}}));
  EXPECT_EQ(keys, std::vector<std::string>{"1"});
}

TEST(Candidates, OrderBehindEqualitiesKeepsItsDirections) {
  TableUse use = use_of({{1, kEqual, 0, 0.1}});
  use.orders = {{{2, true, true}, {3, false, false}}};
  auto const keys = keys_for(use);
  EXPECT_TRUE(has(keys, "1 2d 3"));
  EXPECT_FALSE(has(keys, "2d 3")) << "without a limit the equality is worth more than the order alone";
  use.limited = true;
  EXPECT_TRUE(has(keys_for(use), "2d 3"));
}

TEST(Candidates, OrderAloneWhereNothingIsFixed) {
  TableUse use = use_of({{4, kRange, 0, 0.1}});
  use.orders = {{{2, false, true}}, {{3, true, false}}};
  auto const keys = keys_for(use);
  EXPECT_TRUE(has(keys, "2f"));
  EXPECT_TRUE(has(keys, "3l"));
  EXPECT_TRUE(has(keys, "2f 4")) << "the range as a filter inside the order";
  EXPECT_TRUE(has(keys, "4"));
}

TEST(Candidates, JoinColumnsAloneBeforeAndBehindTheEqualities) {
  auto const keys =
      keys_for(use_of({{1, kJoin, 0, 1}, {2, kEqual, 0, 0.1}, {3, kRange, 0, 0.2}, {4, kJoin, 0, 1}}));
  for (auto const* key : {"1", "4", "1 2", "2 1", "1 2 3", "1 4", "4 1"})
    EXPECT_TRUE(has(keys, key)) << key;
}

TEST(Candidates, ArmsOfAnOrGetKeysOfTheirOwn) {
  auto const keys =
      keys_for(use_of({{1, kEqual, 1, 0.1}, {2, kRange, 1, 0.1}, {3, kEqual, 2, 0.1}, {4, kEqual, 0, 0.5}}));
  EXPECT_TRUE(has(keys, "1"));
  EXPECT_TRUE(has(keys, "1 2"));
  EXPECT_TRUE(has(keys, "3"));
  EXPECT_TRUE(has(keys, "4 3")) << "what holds for all arms may lead";
  EXPECT_FALSE(has(keys, "1 3")) << "no key mixes arms";
  EXPECT_FALSE(has(keys, "3 1"));
}

TEST(Candidates, CoveringKeysAddAFewColumnsOrNone) {
  TableUse use = use_of({{1, kEqual, 0, 0.1}});
  use.needed = {1, 5, 6};
  EXPECT_TRUE(has(keys_for(use), "1 5 6"));
  use.needed = {1, 5, 6, 7, 8};
  CandidateLimits wide;
  wide.max_columns = 8;
  for (auto const& candidate : propose({use}, 1, wide).candidates)
    EXPECT_LE(candidate.keys.size(), 2U) << "three more columns than a pair are too many";
  use.needed.clear();  // unknown: a whole row is read
  EXPECT_EQ(keys_for(use), std::vector<std::string>{"1"});
}

TEST(Candidates, NoKeyIsLongerThanAllowed) {
  TableUse use = use_of({{1, kEqual, 0, 0.1}, {2, kEqual, 0, 0.2}, {3, kRange, 0, 0.1}, {4, kJoin, 0, 1}});
  use.orders = {{{5, false, false}, {6, false, false}}};
  use.needed = {1, 2, 3, 7};
  for (int most = 1; most <= 4; ++most) {
    CandidateLimits limits;
    limits.max_columns = most;
    for (auto const& candidate : propose({use}, 1, limits).candidates)
      EXPECT_LE(candidate.keys.size(), static_cast<size_t>(most));
  }
}

TEST(Candidates, AConditionTakesItsColumnOutOfTheKey) {
  TableUse use = use_of({{1, kEqual, 0, 0.01}, {2, kEqual, 0, 0.02}});
  use.orders = {{{3, true, true}}};
  use.conditions = {{7, {2}}};
  auto const keys = keys_for(use);
  EXPECT_TRUE(has(keys, "1 where 7"));
  EXPECT_TRUE(has(keys, "1 3d where 7"));
  EXPECT_FALSE(has(keys, "1 2 where 7"));
  EXPECT_TRUE(has(keys, "1 2")) << "the whole index stays in the race";
}

TEST(Candidates, AConditionThatIsAllTheQueryAsksMakesAListOfItsRows) {
  TableUse use = use_of({{2, kEqual, 0, 0.02}});
  use.conditions = {{7, {2}}};
  EXPECT_TRUE(has(keys_for(use), "2 where 7"));
}

TEST(Candidates, PartialIndexesMatterOnlyToQueriesThatAskTheSame) {
  TableUse with = use_of({{1, kEqual, 0, 0.01}}, 0);
  with.conditions = {{7, {}}};
  TableUse const plain = use_of({{1, kEqual, 0, 0.01}}, 1);
  auto const proposals = propose({with, plain}, 2, {});
  for (int const number : proposals.relevant[1])
    EXPECT_EQ(proposals.candidates[static_cast<size_t>(number)].predicate, 0);
}

TEST(Candidates, OtherMethodsServeTheirClausesAndOneGinServesSeveral) {
  Clause const tags{4, ClauseKind::search, 0, 0.1, AccessMethod::gin, 0};
  Clause const attributes{5, ClauseKind::search, 0, 0.1, AccessMethod::gin, 99};
  Clause const place{6, ClauseKind::search, 0, 0.1, AccessMethod::gist, 0};
  auto const keys = keys_for(use_of({tags, attributes, place}));
  EXPECT_TRUE(has(keys, "gin 4"));
  EXPECT_TRUE(has(keys, "gin 5"));
  EXPECT_TRUE(has(keys, "gin 4 5"));
  EXPECT_TRUE(has(keys, "gist 6"));
  EXPECT_FALSE(has(keys, "4")) << "no B-tree finds what a GIN finds";
}

TEST(Candidates, ASearchTakesItsCompanionsAlong) {
  Clause const during{4, ClauseKind::search, 0, 0.1, AccessMethod::gist, 0};
  Clause const product{2, ClauseKind::search, 0, 0.01, AccessMethod::gist, 0, true};
  Clause const common{3, ClauseKind::search, 0, 0.9, AccessMethod::gist, 0, true};
  Clause const elsewhere{5, ClauseKind::search, 1, 0.01, AccessMethod::gist, 0, true};
  auto const keys = keys_for(use_of({during, product, common, elsewhere, {2, kEqual, 0, 0.01}}));
  EXPECT_TRUE(has(keys, "gist 4"));
  EXPECT_TRUE(has(keys, "gist 4 2"));
  EXPECT_FALSE(has(keys, "gist 2")) << "a B-tree does that better";
  EXPECT_TRUE(has(keys, "2"));
  EXPECT_FALSE(has(keys_for(use_of({product, {2, kEqual, 0, 0.01}})), "gist 2"));
  Clause const differs{6, ClauseKind::search, 0, 0.99, AccessMethod::gist, 0};
  EXPECT_FALSE(has(keys_for(use_of({differs, product, {2, kEqual, 0, 0.01}})), "gist 6 2"))
      << "nearly all rows";
}

TEST(Candidates, BlockRangesGrowWithTheRootOfTheTable) {
  auto const range_of = [](double pages) {
    TableUse use = use_of({{1, ClauseKind::search, 0, 0.1, AccessMethod::brin, 0}});
    use.table_pages = pages;
    std::vector<std::int32_t> ranges;
    for (auto const& candidate : propose({use}, 1, {}).candidates)
      if (candidate.method == AccessMethod::brin) ranges.push_back(candidate.pages_per_range);
    return ranges;
  };
  EXPECT_EQ(range_of(1000), std::vector<std::int32_t>{4});
  EXPECT_EQ(range_of(10'000), std::vector<std::int32_t>{8});
  EXPECT_EQ(range_of(1'000'000), std::vector<std::int32_t>{64});
  EXPECT_EQ(range_of(10'000'000), std::vector<std::int32_t>{0}) << "the server's default";
}

TEST(Candidates, AnEqualityThatMostRowsPassIsNoPartOfAKey) {
  TableUse use = use_of({{1, kEqual, 0, 0.01}, {2, kEqual, 0, 0.97}});
  EXPECT_TRUE(has(keys_for(use), "1"));
  EXPECT_FALSE(has(keys_for(use), "1 2"));
  EXPECT_FALSE(has(keys_for(use), "2 1"));
  EXPECT_TRUE(has(keys_for(use_of({{2, kEqual, 0, 0.97}})), "2")) << "there is nothing else";
  use.conditions = {{7, {2}}};
  EXPECT_TRUE(has(keys_for(use), "1 where 7"));
}

TEST(Candidates, WhatTheKeyCannotHoldIsIncluded) {
  TableUse use = use_of({{1, kEqual, 0, 0.01}});
  use.needed = {1, 2, 3, 4, 5};
  EXPECT_TRUE(has(keys_for(use), "1 | 2 3 4 5"));
  use.needed = {1, 2};
  EXPECT_FALSE(has(keys_for(use), "1 | 2")) << "the key holds it, and stays deduplicated";
  use.needed = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_FALSE(has(keys_for(use), "1 | 2 3 4 5 6 7 8")) << "that would be the table again";
}

TEST(Candidates, SoManyPerUseTheBestFirst) {
  TableUse const use =
      use_of({{1, kEqual, 0, 0.1}, {2, kEqual, 0, 0.2}, {3, kRange, 0, 0.1}, {4, kRange, 0, 0.5}});
  auto const all = keys_for(use);
  CandidateLimits limits;
  limits.per_use = 3;
  auto const few = keys_for(use, limits);
  ASSERT_GT(all.size(), 3U);
  EXPECT_EQ(few, std::vector<std::string>(all.begin(), all.begin() + 3));
}

TEST(Candidates, EqualProposalsOfTwoQueriesAreOneCandidate) {
  auto const proposals = propose({use_of({{1, kEqual, 0, 0.1}}, 0), use_of({{1, kEqual, 0, 0.2}}, 1)}, 2, {});
  EXPECT_EQ(keys_of(proposals), std::vector<std::string>{"1"});
  EXPECT_EQ(proposals.relevant, (std::vector<std::vector<int>>{{0}, {0}}));
}

TEST(Candidates, TablesAreToldApart) {
  auto const proposals =
      propose({use_of({{1, kEqual, 0, 0.1}}, 0, 7), use_of({{1, kEqual, 0, 0.2}}, 0, 8)}, 1, {});
  ASSERT_EQ(proposals.candidates.size(), 2U);
  EXPECT_EQ(proposals.candidates[0].table, 7);
  EXPECT_EQ(proposals.candidates[1].table, 8);
}

TEST(Candidates, WhatOneQueryProposedIsRelevantToOthersThatSearchItsFirstColumn) {
  TableUse const narrow = use_of({{1, kEqual, 0, 0.1}}, 0);
  TableUse const wide = use_of({{1, kEqual, 0, 0.1}, {2, kRange, 0, 0.1}}, 1);
  TableUse const other = use_of({{3, kEqual, 0, 0.1}}, 2);
  auto const proposals = propose({narrow, wide, other}, 3, {});
  auto const keys = keys_of(proposals);
  auto const at = std::find(keys.begin(), keys.end(), "1 2");
  ASSERT_NE(at, keys.end());
  int const number = static_cast<int>(at - keys.begin());
  auto const relevant = [&](int query) {
    auto const& list = proposals.relevant[static_cast<size_t>(query)];
    return std::find(list.begin(), list.end(), number) != list.end();
  };
  EXPECT_TRUE(relevant(0));
  EXPECT_TRUE(relevant(1));
  EXPECT_FALSE(relevant(2));
  EXPECT_EQ(keys[static_cast<size_t>(proposals.relevant[0].front())], "1") << "its own proposal stays first";
}

// Any use at all: keys are short, hold no column twice, start with a column that can be searched or sorted
// by, and the lists of relevant candidates name each candidate once.
TEST(Candidates, HoldForRandomUses) {
  deal::Random random(20250101);
  for (int round = 0; round < 300; ++round) {
    std::vector<TableUse> uses;
    int const queries = 1 + static_cast<int>(random.below(4));
    for (int i = 0; i < 6; ++i) {
      TableUse use = use_of({}, static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(queries))),
                            static_cast<std::int32_t>(random.below(2)));
      for (auto clause = random.below(6); clause > 0; --clause)
        use.clauses.push_back(
            {static_cast<std::int32_t>(1 + random.below(6)), static_cast<ClauseKind>(random.below(4)),
             static_cast<std::int32_t>(random.below(3)), static_cast<double>(random.below(100)) / 100});
      for (auto order = random.below(3); order > 0; --order)
        use.orders.push_back({{static_cast<std::int32_t>(1 + random.below(6)), random.below(2) == 1, false}});
      for (std::int32_t attno = 1; attno <= 6; ++attno)
        if (random.below(2) == 1) use.needed.push_back(attno);
      use.limited = random.below(2) == 1;
      uses.push_back(use);
    }
    CandidateLimits limits;
    limits.max_columns = 1 + static_cast<int>(random.below(4));
    auto const proposals = propose(uses, queries, limits);
    std::set<std::pair<int, std::string>> seen;
    for (auto const& candidate : proposals.candidates) {
      EXPECT_TRUE(seen.emplace(candidate.table, text_of(candidate)).second) << "proposed twice";
      EXPECT_GE(candidate.keys.size(), 1U);
      EXPECT_LE(candidate.keys.size(), static_cast<size_t>(limits.max_columns));
      std::set<std::int32_t> columns;
      for (auto const& key : candidate.keys)
        EXPECT_TRUE(columns.insert(key.attno).second) << text_of(candidate.keys);
      bool const usable = std::any_of(uses.begin(), uses.end(), [&](const TableUse& use) {
        auto const first = candidate.keys.front().attno;
        return use.table == candidate.table &&
               (std::any_of(use.clauses.begin(), use.clauses.end(),
                            [&](const Clause& c) { return c.attno == first; }) ||
                std::any_of(use.orders.begin(), use.orders.end(),
                            [&](auto const& o) { return o.front().attno == first; }));
      });
      EXPECT_TRUE(usable) << text_of(candidate.keys);
    }
    ASSERT_EQ(proposals.relevant.size(), static_cast<size_t>(queries));
    for (auto const& list : proposals.relevant) {
      EXPECT_EQ(std::set<int>(list.begin(), list.end()).size(), list.size());
      for (int const number : list)
        EXPECT_LT(static_cast<size_t>(number), proposals.candidates.size());
    }
    EXPECT_EQ(keys_of(propose(uses, queries, limits)), keys_of(proposals)) << "deterministic";
  }
}

}  // namespace
