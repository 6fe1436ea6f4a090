#include "core/index/representatives.hpp"

#include <gtest/gtest.h>

namespace {

using deal::index::Alike;
using deal::index::representatives;

TEST(Representatives, FewStandForThemselves) {
  EXPECT_EQ(representatives(std::vector<Alike>{{5, 1}, {1, 1}, {3, 1}}, 3), (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(representatives(std::vector<Alike>{}, 3).empty());
}

TEST(Representatives, OfManyTheMiddleOfEachThirdByCost) {
  EXPECT_EQ(
      representatives(
          std::vector<Alike>{{9, 1}, {8, 1}, {7, 1}, {6, 1}, {5, 1}, {4, 1}, {3, 1}, {2, 1}, {1, 1}}, 3),
      (std::vector<int>{1, 4, 7}));
}

TEST(Representatives, CallsDecideWhatTheMiddleIs) {
  EXPECT_EQ(representatives(std::vector<Alike>{{1, 100}, {2, 1}, {3, 1}, {4, 1}}, 3), (std::vector<int>{0}));
  EXPECT_EQ(representatives(std::vector<Alike>{{1, 10}, {2, 1}, {3, 10}, {4, 10}}, 3),
            (std::vector<int>{0, 2, 3}));
}

TEST(Representatives, WithoutCallsAllCountTheSame) {
  EXPECT_EQ(representatives(std::vector<Alike>{{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0}}, 3),
            (std::vector<int>{0, 2, 4}));
}

}  // namespace
