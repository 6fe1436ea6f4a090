// What a rebuild would give back, from pages that were read: tables and B-trees packed as the server packs
// them.

#include "core/bloat/estimate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace deal::bloat {
namespace {

constexpr double page = 8192;

std::vector<std::uint16_t> rows(int count, std::uint16_t length) {
  return std::vector<std::uint16_t>(static_cast<std::size_t>(count), length);
}

TEST(ChoosePages, AllOfASmallRelation) {
  EXPECT_EQ(choose_pages(5, 300, 0), (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(choose_pages(0, 300, 0).empty());
}

TEST(ChoosePages, OneOfEachStretch) {
  auto const chosen = choose_pages(1000, 10, 3);
  ASSERT_EQ(chosen.size(), 10U);
  for (std::size_t i = 0; i < chosen.size(); ++i)
    EXPECT_EQ(chosen[i] / 100, i);
}

TEST(ChoosePages, OthersEachTime) {
  EXPECT_NE(choose_pages(100'000, 50, 0), choose_pages(100'000, 50, 1));
}

TEST(ChoosePages, TheLargestRelationHasRoom) {
  auto const chosen = choose_pages(4'294'967'294U, 300, 0);
  EXPECT_EQ(std::set(chosen.begin(), chosen.end()).size(), 300U);
  EXPECT_TRUE(std::ranges::is_sorted(chosen));
}

TEST(PageMean, AllPagesLeaveNoDoubt) {
  PageMean mean;
  for (int i = 0; i < 10; ++i)
    mean.add(i);
  EXPECT_DOUBLE_EQ(mean.mean(), 4.5);
  EXPECT_DOUBLE_EQ(mean.error(10), 0);
  EXPECT_GT(mean.error(11), 0);
}

TEST(PageMean, StretchesThatDifferAreNoDoubt) {
  PageMean mixed;
  PageMean sorted;
  for (int i = 0; i < 100; ++i) {
    mixed.add(i % 2);
    sorted.add(i / 50);
  }
  EXPECT_LT(sorted.error(1000), mixed.error(1000) / 4);
}

TEST(TableBloat, FullPagesHaveNothingToGive) {
  TableBloat table(8192, 100);
  // 64 bytes and a line pointer: 120 rows fill a page to 8 bytes.
  for (int i = 0; i < 50; ++i)
    table.add({rows(120, 61), 0, 0, 8});
  Estimate const found = table.estimate(50);
  EXPECT_DOUBLE_EQ(found.gain, 0);
  EXPECT_DOUBLE_EQ(found.free, 50 * 8);
}

TEST(TableBloat, HalfOfTheRowsAreHalfOfThePages) {
  TableBloat table(8192, 100);
  for (int i = 0; i < 50; ++i)
    table.add({rows(60, 61), 60 * 68, 0, 8});
  Estimate const found = table.estimate(50);
  EXPECT_DOUBLE_EQ(found.gain, 25 * page);
  EXPECT_DOUBLE_EQ(found.dead, 50 * 60 * 68);
}

TEST(TableBloat, WhatFillfactorKeepsIsNoGain) {
  TableBloat table(8192, 70);
  for (int i = 0; i < 50; ++i)
    table.add({rows(83, 61), 0, 0, 2500});
  EXPECT_DOUBLE_EQ(table.estimate(50).gain, 0);
}

TEST(TableBloat, NorARowThatFitsNowhere) {
  TableBloat table(8192, 100);
  for (int i = 0; i < 50; ++i)
    table.add({rows(2, 2800), 0, 0, 2500});
  EXPECT_DOUBLE_EQ(table.estimate(50).gain, 0);
}

TEST(TableBloat, ASampleStandsForAll) {
  TableBloat table(8192, 100);
  for (int i = 0; i < 100; ++i)
    table.add({rows(i % 2 == 0 ? 120 : 60, 61), 0, 0, 0});
  Estimate const found = table.estimate(100'000);
  EXPECT_NEAR(found.gain / (100'000 * page), 0.25, 0.01);
  EXPECT_LT(found.gain_low, found.gain);
  EXPECT_GT(found.gain_high, found.gain);
  EXPECT_GT(table.uncertainty(100'000), 0.01);
}

TEST(TableBloat, AnEmptyTableGivesAllBack) {
  TableBloat table(8192, 100);
  for (int i = 0; i < 10; ++i)
    table.add({{}, 0, 0, 8000});
  EXPECT_DOUBLE_EQ(table.estimate(10).gain, 10 * page);
}

TEST(TableBloat, NoPagesSayNothing) {
  Estimate const found = TableBloat(8192, 100).estimate(0);
  EXPECT_DOUBLE_EQ(found.gain, 0);
  EXPECT_DOUBLE_EQ(found.gain_high, 0);
}

std::vector<LeafGroup> keys(int count, int rows_each = 1) {
  return std::vector<LeafGroup>(static_cast<std::size_t>(count), {16, rows_each});
}

double gain_of(index::BtreeShape shape, double live_share, std::span<const LeafGroup> groups, int leaves) {
  BtreeBloat tree(shape, live_share);
  tree.add_inner(0);
  for (int i = 0; i < leaves; ++i)
    tree.add_leaf(groups, 0, 0, 16);
  tree.add_inner(0);
  return tree.estimate(leaves + 2).gain / page;
}

TEST(BtreeBloat, AFreshIndexHasNothingToGive) {
  EXPECT_DOUBLE_EQ(gain_of({false}, 1, keys(366), 100), 0);
}

TEST(BtreeBloat, HalfFullLeavesAreHalfAsMany) {
  EXPECT_NEAR(gain_of({false}, 1, keys(183), 100), 50, 1);
}

TEST(BtreeBloat, EntriesOfDeadRowsGoToo) {
  EXPECT_NEAR(gain_of({false}, 0.5, keys(366), 100), 50, 1);
}

TEST(BtreeBloat, OfTwoVersionsOfARowOneEntryStays) {
  // As many rows by two as by one: a third of the entries leads nowhere.
  std::vector<LeafGroup> mixed;
  for (int i = 0; i < 100; ++i)
    mixed.insert(mixed.end(), {{16, 1}, {16, 2}});
  BtreeBloat versions({true}, 2.0 / 3);
  BtreeBloat single({true}, 1);
  for (int i = 0; i < 100; ++i) {
    versions.add_leaf(mixed, 0, 0, 16);
    single.add_leaf(keys(200), 0, 0, 16);
  }
  EXPECT_NEAR(versions.estimate(100).gain, single.estimate(100).gain, page);
}

TEST(BtreeBloat, AFullerOneWouldGrow) {
  EXPECT_LT(gain_of({false}, 1, keys(400), 100), -5);
}

TEST(LiveShare, OfAllEntries) {
  LiveShare entries;
  EXPECT_DOUBLE_EQ(entries.share(), 1);
  EXPECT_DOUBLE_EQ(entries.error(10), 0);
  entries.add(10, 0);
  entries.add(0, 30);
  EXPECT_DOUBLE_EQ(entries.share(), 0.25);
  EXPECT_DOUBLE_EQ(entries.error(2), 0);
  EXPECT_GT(entries.error(200), 0.1);
}

TEST(BtreeBloat, DoubtOfTheTableIsDoubtOfTheIndex) {
  BtreeBloat sure({false}, 0.5, 0);
  BtreeBloat unsure({false}, 0.5, 0.1);
  for (int i = 0; i < 10; ++i) {
    sure.add_leaf(keys(366), 0, 0, 16);
    unsure.add_leaf(keys(366), 0, 0, 16);
  }
  EXPECT_DOUBLE_EQ(sure.uncertainty(10), 0);
  EXPECT_NEAR(unsure.uncertainty(10), 1.96 * 0.1, 0.01);
}

TEST(BtreeBloat, EqualKeysShareTheirEntry) {
  EXPECT_GT(gain_of({true}, 1, keys(10, 40), 100), 60);
  EXPECT_NEAR(gain_of({false}, 1, keys(10, 36), 100), 0, 2);
}

TEST(BtreeBloat, AListThatGoesOnElsewhereIsOneList) {
  // 16 keys, each on many pages: 1240 rows a page, where nine full lists of 132 leave no room for a rest.
  BtreeBloat tree({true}, 1);
  for (int i = 0; i < 320; ++i) {
    LeafGroup const one{16, 1240, 1 + static_cast<std::uint64_t>(i % 16)};
    tree.add_leaf({&one, 1}, 0, 0, 16);
  }
  double const built = 320.0 * 1240 / (9 * 132);
  EXPECT_NEAR((320 * page - tree.estimate(320).gain) / page, built, 0.02 * built);
}

TEST(BtreeBloat, PagesThatWaitAreGiven) {
  BtreeBloat tree({false}, 1);
  for (int i = 0; i < 50; ++i) {
    tree.add_leaf(keys(366), 0, 0, 16);
    tree.add_deleted();
  }
  Estimate const found = tree.estimate(100);
  EXPECT_NEAR(found.gain / page, 48, 1);
  EXPECT_DOUBLE_EQ(found.free, 50 * page);
}

TEST(BtreeBloat, AnEmptyIndexKeepsItsFirstPage) {
  BtreeBloat tree({false}, 1);
  tree.add_inner(0);
  EXPECT_DOUBLE_EQ(tree.estimate(1).gain, 0);
}

}  // namespace
}  // namespace deal::bloat
