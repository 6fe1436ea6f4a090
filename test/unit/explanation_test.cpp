#include "core/index/explanation.hpp"

#include <gtest/gtest.h>

namespace {

using deal::index::AccessMethod;
using deal::index::build_seconds;
using deal::index::duration_text;
using deal::index::keeping_text;
using deal::index::KeepingFacts;
using deal::index::Rejection;
using deal::index::rejection_text;
using deal::index::RejectionCause;
using deal::index::share_text;

TEST(Explanation, SharesAsPeopleReadThem) {
  EXPECT_EQ(share_text(1, 8), "12 %");
  EXPECT_EQ(share_text(1, 16), "6.2 %");
  EXPECT_EQ(share_text(1, 400), "0.25 %");
  EXPECT_EQ(share_text(1, 1e9), "less than 0.01 %");
  EXPECT_EQ(share_text(0, 10), "nothing");
  EXPECT_EQ(share_text(-1, 10), "nothing");
  EXPECT_EQ(share_text(1, 0), "nothing");
}

std::string text_of(RejectionCause cause, double saving, double on_top, double writes) {
  return rejection_text({{0, cause, 1, saving, on_top, writes}, "t_a_idx", 12 << 20, 1000, 0.001});
}

TEST(Explanation, EachCauseWithItsFigures) {
  EXPECT_EQ(text_of(RejectionCause::covered, 120, 0, 0),
            "alone it would save 12 %, but t_a_idx begins with the same key and serves as well");
  EXPECT_EQ(text_of(RejectionCause::served, 120, 0.5, 0), "alone it would save 12 %, beside t_a_idx 0.05 %");
  EXPECT_EQ(text_of(RejectionCause::served, 120, 30, 31),
            "alone it would save 12 %, beside t_a_idx 3.0 %, and keeping it would cost the writes 3.1 %");
  EXPECT_EQ(text_of(RejectionCause::too_little, 0.5, 0.5, 0),
            "saves 0.05 %, less than min_gain_pct asks for (0.1 %)");
  EXPECT_EQ(text_of(RejectionCause::writes, 30, 30, 50),
            "saves 3.0 %, but keeping it would cost the writes 5.0 % of the workload");
  EXPECT_EQ(
      text_of(RejectionCause::heap_only, 30, 30, 5),
      "saves 3.0 %, but would end heap-only updates (HOT) of the table: that costs 0.50 % now, and more "
      "with every index and vacuum");
  EXPECT_EQ(text_of(RejectionCause::budget, 40, 31, 0),
            "no room in the budget: 12.0 MB for a saving of 3.1 %");
  EXPECT_EQ(text_of(RejectionCause::unused, 0, 0, 0),
            "the planner leaves it aside even when it is the only new index");
}

TEST(Explanation, WhatAnIndexGivesAndCosts) {
  KeepingFacts facts{3, "select 1 from t...", 4634.9, 12.31, 4, 1000, false, 25};
  EXPECT_EQ(
      keeping_text(facts),
      "serves 3 statements, most select 1 from t... (cost 4635 to 12.3); writes pay 0.40 % of the "
      "workload's cost for it; about 25 s to build under a SHARE UPDATE EXCLUSIVE lock: reads and writes "
      "go on");
  facts = {1, "select 2", 10, 1, 0, 1000, true, 0.2};
  EXPECT_EQ(keeping_text(facts),
            "serves select 2 (cost 10.0 to 1.0); the workload's writes pay nothing for it; ends heap-only "
            "updates (HOT) of the table; less than a second to build under a SHARE UPDATE EXCLUSIVE lock: "
            "reads and writes go on");
}

TEST(Explanation, DurationsAreRough) {
  EXPECT_EQ(duration_text(0.99), "less than a second");
  EXPECT_EQ(duration_text(7.4), "about 7 s");
  EXPECT_EQ(duration_text(63), "about 63 s");
  EXPECT_EQ(duration_text(117), "about 120 s");
  EXPECT_EQ(duration_text(601), "about 10 min");
  EXPECT_EQ(duration_text(86400), "about 24 h");
}

TEST(Explanation, BuildingTakesLongerForMore) {
  double const small = build_seconds({AccessMethod::btree, 1e8, 1e6, 1e6, 2e7});
  EXPECT_GT(build_seconds({AccessMethod::btree, 1e9, 1e7, 1e7, 2e8}), 9 * small);
  EXPECT_LT(build_seconds({AccessMethod::btree, 1e8, 1e6, 1e3, 2e4}), small);
  EXPECT_LT(build_seconds({AccessMethod::brin, 1e8, 1e6, 1e6, 2e4}), small);
  EXPECT_GT(build_seconds({AccessMethod::gin, 1e8, 1e6, 1e6, 2e7}), small);
  EXPECT_GT(build_seconds({AccessMethod::gist, 1e8, 1e6, 1e6, 2e7, false}),
            2 * build_seconds({AccessMethod::gist, 1e8, 1e6, 1e6, 2e7, true}));
}

}  // namespace
