#include "core/index/dominance.hpp"

#include <gtest/gtest.h>

namespace {

using deal::index::AccessCost;
using deal::index::compare;
using deal::index::Dominance;

struct Way {
  double total = 0;
  double startup = 0;
  int place = 0;
  std::uint64_t needs = 0;
  std::vector<int> order{};
};

AccessCost access(int candidate, const Way& way) {
  return {candidate, way.place, way.needs, way.startup, way.total, way.order};
}

/// Whether the first member serves the query as well as the second.
bool first_serves(const Way& first, const Way& second) {
  return (compare({10, 20}, {access(10, first), access(20, second)}).no_better[0] & 2) != 0;
}

TEST(Dominance, TheCheaperWayServesUnlessItGivesLess) {
  EXPECT_TRUE(first_serves({50}, {90}));
  EXPECT_FALSE(first_serves({90}, {50}));
  EXPECT_TRUE(first_serves({100}, {99.5})) << "the planner takes a hundredth for equal";
  EXPECT_FALSE(first_serves({102}, {100}));
  EXPECT_FALSE(first_serves({50, 40}, {90, 1}));
  EXPECT_TRUE(first_serves({50, 0.6}, {90, 0.4})) << "not worth a word";
}

TEST(Dominance, OrderAndWhatMustBeReadBeforeCount) {
  EXPECT_TRUE(first_serves({50, 0, 0, 0, {1, 2}}, {50, 0, 0, 0, {1}}));
  EXPECT_FALSE(first_serves({50, 0, 0, 0, {1}}, {50, 0, 0, 0, {1, 2}}));
  EXPECT_FALSE(first_serves({50, 0, 0, 0, {2, 1}}, {50, 0, 0, 0, {1}}));
  EXPECT_TRUE(first_serves({50, 0, 0, 1}, {50, 0, 0, 3}));
  EXPECT_FALSE(first_serves({50, 0, 0, 2}, {50, 0, 0, 1}));
  EXPECT_FALSE(first_serves({50, 0, 1}, {90, 0, 2}));
}

TEST(Dominance, EveryWayMustBeServed) {
  const Dominance two = compare({1, 2}, {access(1, {5}), access(2, {9}), access(2, {9, 0, 1})});
  EXPECT_EQ(two.no_better[0], 1u) << "it has no way at the second place";
  EXPECT_EQ(two.no_better[1], 2u) << "it is dearer at the first";
  const Dominance none = compare({1, 2}, {access(1, {5})});
  EXPECT_EQ(none.useless, 2u);
  EXPECT_EQ(none.no_better[0], 3u);
}

}  // namespace
