#include "core/index/dominance.hpp"

#include <gtest/gtest.h>

namespace {

using deal::index::AccessCost;
using deal::index::compare;
using deal::index::Dominance;

/// Whether the first member serves the query as well as the second.
bool first_serves(const AccessCost& first, const AccessCost& second) {
  AccessCost a = first;
  AccessCost b = second;
  a.candidate = 10;
  b.candidate = 20;
  return (compare({10, 20}, {a, b}).no_better[0] & 2) != 0;
}

TEST(Dominance, TheCheaperWayServesUnlessItGivesLess) {
  EXPECT_TRUE(first_serves({.total = 50}, {.total = 90}));
  EXPECT_FALSE(first_serves({.total = 90}, {.total = 50}));
  EXPECT_TRUE(first_serves({.total = 100}, {.total = 99.5})) << "the planner takes a hundredth for equal";
  EXPECT_FALSE(first_serves({.total = 102}, {.total = 100}));
  EXPECT_FALSE(first_serves({.startup = 40, .total = 50}, {.startup = 1, .total = 90}));
  EXPECT_TRUE(first_serves({.startup = 0.6, .total = 50}, {.startup = 0.4, .total = 90}))
      << "not worth a word";
}

TEST(Dominance, OrderAndWhatMustBeReadBeforeCount) {
  EXPECT_TRUE(first_serves({.total = 50, .order = {1, 2}}, {.total = 50, .order = {1}}));
  EXPECT_FALSE(first_serves({.total = 50, .order = {1}}, {.total = 50, .order = {1, 2}}));
  EXPECT_FALSE(first_serves({.total = 50, .order = {2, 1}}, {.total = 50, .order = {1}}));
  EXPECT_TRUE(first_serves({.needs = 1, .total = 50}, {.needs = 3, .total = 50}));
  EXPECT_FALSE(first_serves({.needs = 2, .total = 50}, {.needs = 1, .total = 50}));
  EXPECT_FALSE(first_serves({.place = 1, .total = 50}, {.place = 2, .total = 90}));
}

TEST(Dominance, EveryWayMustBeServed) {
  const Dominance two = compare({1, 2}, {{.candidate = 1, .place = 0, .total = 5},
                                         {.candidate = 2, .place = 0, .total = 9},
                                         {.candidate = 2, .place = 1, .total = 9}});
  EXPECT_EQ(two.no_better[0], 1u) << "it has no way at the second place";
  EXPECT_EQ(two.no_better[1], 2u) << "it is dearer at the first";
  const Dominance none = compare({1, 2}, {{.candidate = 1, .total = 5}});
  EXPECT_EQ(none.useless, 2u);
  EXPECT_EQ(none.no_better[0], 3u);
}

}  // namespace
