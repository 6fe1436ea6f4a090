#include "core/index/block_spread.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/random.hpp"

namespace {

using deal::index::block_spread;
using deal::index::BlockSpread;
using deal::index::has_outliers;

struct Rows {
  std::vector<std::uint32_t> blocks;
  std::vector<std::uint32_t> ranks;
};

// 100 blocks of 50 rows in order, each `every`-th row's value changed places with a random one's.
Rows in_order(int every) {
  Rows rows;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    rows.blocks.push_back(i / 50);
    rows.ranks.push_back(i);
  }
  deal::Random random(7);
  for (std::size_t i = 0; every > 0 && i < rows.ranks.size(); i += static_cast<std::size_t>(every))
    std::swap(rows.ranks[i], rows.ranks[random.below(5000)]);
  return rows;
}

BlockSpread spread_of(const Rows& rows) {
  return block_spread(rows.blocks, rows.ranks);
}

TEST(BlockSpread, OrderedValuesFillTheirBlockOnly) {
  auto const spread = spread_of(in_order(0));
  EXPECT_NEAR(spread.whole, 0.01, 0.001);
  EXPECT_FALSE(has_outliers(spread));
}

TEST(BlockSpread, AFewOutliersStretchTheWholeButNotTheUsual) {
  auto const spread = spread_of(in_order(50));
  EXPECT_GT(spread.whole, 0.3);
  EXPECT_LT(spread.usual, 0.02);
  EXPECT_TRUE(has_outliers(spread));
}

TEST(BlockSpread, WithoutOrderNothingHelps) {
  auto const spread = spread_of(in_order(1));
  EXPECT_GT(spread.usual, 0.7);
  EXPECT_FALSE(has_outliers(spread));
}

TEST(BlockSpread, BlocksOfAFewRowsDoNotCount) {
  std::vector<std::uint32_t> const blocks = {0, 0, 1, 1, 2};
  std::vector<std::uint32_t> const ranks = {0, 4, 1, 3, 2};
  EXPECT_EQ(block_spread(blocks, ranks).whole, 0);
  EXPECT_EQ(block_spread({}, {}).whole, 0);
}

}  // namespace
