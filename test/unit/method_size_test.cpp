#include "core/index/method_size.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "core/index/gin_size.hpp"
#include "core/index/gist_build.hpp"
#include "core/index/heap_overcharge.hpp"

namespace {

using deal::index::BrinShape;
using deal::index::even_population;
using deal::index::GistItem;
using deal::index::SizeEstimate;

TEST(HashSize, BucketsGrowByPowersOfTwoThenByQuarters) {
  const auto pages = [](double rows) {
    return deal::index::estimate_hash(even_population(rows, rows, 8), {.table_rows = rows}).pages;
  };
  // 307 rows per bucket; a metapage and a bitmap besides.
  EXPECT_EQ(pages(0), 1 + 2 + 1);
  EXPECT_EQ(pages(60'000), 1 + 256 + 1);
  EXPECT_NEAR(static_cast<double>(pages(307 * 600)), 1 + 640 + 1, 4);  // 640 buckets come after 512
  EXPECT_NEAR(static_cast<double>(pages(600'000)), 2050, 3);
}

TEST(HashSize, DuplicatesOverflow) {
  // Measured on a real index: 600000 rows of 5 values fill 3522 pages.
  const SizeEstimate few =
      deal::index::estimate_hash(even_population(600'000, 5, 8), {.table_rows = 600'000});
  EXPECT_NEAR(static_cast<double>(few.pages), 3522, 40);
  EXPECT_EQ(few.distinct_keys, 5);
}

TEST(HashSize, BucketsNotYetSplitOverflow) {
  // Measured: 6001215 rows of 1500000 keys fill 22550 pages, 2068 of them overflow, since 20480 buckets are
  // not a power of two.
  const double rows = 6'001'215;
  const SizeEstimate size =
      deal::index::estimate_hash(even_population(rows, 1'500'000, 8), {.table_rows = rows});
  EXPECT_NEAR(static_cast<double>(size.pages), 22550, 500);
}

TEST(BrinSize, OneTupleForEachRange) {
  // Measured: 6367 pages of heap; int8-sized minmax.
  const auto pages = [](double per_range, double bytes) {
    return deal::index::estimate_brin(
               {.table_pages = 6367, .pages_per_range = per_range, .summary_bytes = bytes})
        .pages;
  };
  EXPECT_EQ(pages(128, 16), 3);
  EXPECT_EQ(pages(4, 16), 9);
  EXPECT_EQ(pages(2, 42), 28);
  EXPECT_EQ(deal::index::estimate_brin({}).pages, 2);  // an empty table: the metapage and the map
}

TEST(BrinSize, BloomFilterHoldsTheDistinctValuesOfItsRange) {
  EXPECT_NEAR(deal::index::bloom_filter_bytes(-0.1, 0.01, 16), 16 + 558, 1);
  EXPECT_NEAR(deal::index::bloom_filter_bytes(1, 0.01, 1), 16 + 20, 1);  // never fewer than 16 values
  EXPECT_GT(deal::index::bloom_filter_bytes(-0.1, 0.001, 16),
            deal::index::bloom_filter_bytes(-0.1, 0.01, 16));
}

constexpr deal::index::PageCosts kFlash{1.1, 1};

TEST(HeapOvercharge, ADayOfATableInTheOrderOfTimeIsNotAPageARow) {
  // Measured: 11182 rows in the ranges of 2 million on 21457 pages: 142 pages read, 9384 charged with 112 for
  // rows.
  EXPECT_NEAR(deal::index::heap_overcharge(11'182, 2e6, 21'457, kFlash), 9384 - 112 - 142, 150);
}

TEST(HeapOvercharge, AWholeTableIsReadInOrderEitherWay) {
  EXPECT_LT(deal::index::heap_overcharge(2e6, 2e6, 21'457, kFlash), 0.01 * 21'457);
}

TEST(HeapOvercharge, NothingFoundNothingThere) {
  EXPECT_EQ(deal::index::heap_overcharge(0, 2e6, 21'457, kFlash), 0);
  EXPECT_EQ(deal::index::heap_overcharge(1, 0, 0, kFlash), 0);
  EXPECT_EQ(deal::index::heap_overcharge(1, 100, 1, kFlash), 0);
}

TEST(GinSize, PostingBytesFollowTheDistanceOfRows) {
  EXPECT_EQ(deal::index::posting_bytes(1, 1000), 0);
  EXPECT_NEAR(deal::index::posting_bytes(1'000'000, 10'000), 1'000'000, 20'000);  // side by side: a byte each
  EXPECT_NEAR(deal::index::posting_bytes(1000, 100'000), 3 * 999, 80);            // a hundred blocks apart
  EXPECT_NEAR(deal::index::posting_bytes(100, 1'000'000), 4 * 99, 10);
}

TEST(GinSize, FewKeysAreTreesOfRows) {
  // Measured: 600000 rows of 4 keys in 6368 blocks: one page of entries, 86 of rows.
  const auto size = deal::index::estimate_gin(even_population(600'000, 4, 16),
                                              {.table_rows = 600'000, .table_blocks = 6368});
  EXPECT_EQ(size.entry_pages, 1);
  EXPECT_NEAR(size.data_pages, 86, 5);
  EXPECT_EQ(size.distinct_keys, 4);
}

TEST(GinSize, ManyKeysFillHalfPages) {
  // Measured: 600000 rows of 59887 keys: 866 pages of entries.
  const auto size = deal::index::estimate_gin(even_population(600'000, 59'887, 16),
                                              {.table_rows = 600'000, .table_blocks = 6368});
  EXPECT_NEAR(size.entry_pages, 866, 100);
  EXPECT_EQ(size.data_pages, 0);
  // A build in several rounds fills its pages up again.
  const auto rounds =
      deal::index::estimate_gin(even_population(600'000, 59'887, 16),
                                {.table_rows = 600'000, .table_blocks = 6368, .build_memory = 1024.0 * 1024});
  EXPECT_LT(rounds.entry_pages, size.entry_pages);
}

TEST(GinSize, LongEntriesLeaveFewerGapsInTheHalves) {
  // Measured: 899000 tags of 1500, after Zipf, in 21400 blocks, 438 pages: an entry with its rows takes up
  // to 2.7 kB.
  const auto short_ones = deal::index::estimate_gin(even_population(900'000, 90'000, 16),
                                                    {.table_rows = 300'000, .table_blocks = 21'400});
  const auto long_ones = deal::index::estimate_gin(even_population(900'000, 1'500, 16),
                                                   {.table_rows = 300'000, .table_blocks = 21'400});
  const auto fill = [](const deal::index::SizeEstimate& size) {
    return size.entry_bytes * size.distinct_keys / (static_cast<double>(size.leaf_pages) * (8192 - 40));
  };
  EXPECT_NEAR(fill(short_ones), 0.5, 0.02);
  EXPECT_NEAR(fill(long_ones), 0.65, 0.06);
}

TEST(GinSize, NothingIsSmall) {
  EXPECT_EQ(deal::index::estimate_gin({}, {}).pages, 2);
}

// Intervals on a line: the key is an index into `spans`.
class Intervals {
 public:
  GistItem item(double low, double high) {
    spans.push_back({low, high});
    return {spans.size() - 1, 20};
  }
  std::size_t choose(std::span<const GistItem> entries, const GistItem& item) const {
    std::size_t best = 0;
    double least = 1e300;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& [low, high] = spans[entries[i].key];
      const auto& [from, to] = spans[item.key];
      const double grown = std::max(high, to) - std::min(low, from) - (high - low);
      if (grown >= least) continue;
      best = i;
      least = grown;
    }
    return best;
  }
  GistItem join(const GistItem& a, const GistItem& b) {
    const GistItem both[] = {a, b};
    return cover(both);
  }
  GistItem cover(std::span<const GistItem> items) {
    double low = 1e300;
    double high = -1e300;
    for (const GistItem& item : items) {
      low = std::min(low, spans[item.key].first);
      high = std::max(high, spans[item.key].second);
    }
    return this->item(low, high);
  }
  std::vector<bool> split(std::span<const GistItem> items) const {
    if (refuse) return std::vector<bool>(items.size(), false);
    std::vector<double> lows;
    for (const GistItem& item : items)
      lows.push_back(spans[item.key].first);
    std::nth_element(lows.begin(), lows.begin() + static_cast<std::ptrdiff_t>(lows.size() / 2), lows.end());
    const double middle = lows[lows.size() / 2];
    std::vector<bool> right;
    for (const GistItem& item : items)
      right.push_back(spans[item.key].first >= middle);
    return right;
  }

  std::vector<std::pair<double, double>> spans;
  bool refuse = false;
};

TEST(GistBuild, AscendingKeysLeaveHalfPages) {
  Intervals ops;
  deal::index::GistBuild build(ops, {});
  for (int i = 0; i < 20'000; ++i)
    build.insert(ops.item(i, i));
  const auto profile = build.profile();
  EXPECT_NEAR(profile.leaf_fill, 0.45, 0.02);  // half of the fillfactor's 90 %
  EXPECT_NEAR(profile.inner_bytes, 20, 1e-9);
}

TEST(GistBuild, RandomKeysFillTwoThirds) {
  Intervals ops;
  deal::Random random(7);
  deal::index::GistBuild build(ops, {});
  double fill = 0;
  for (int i = 0; i < 20'000; ++i) {
    const double at = random.uniform();
    build.insert(ops.item(at, at));
    if (i % 1000 == 999 && i >= 10'000) fill += build.profile().leaf_fill / 10;
  }
  EXPECT_NEAR(fill, 0.63, 0.04);
}

TEST(GistBuild, AnOpclassThatDoesNotSplitIsCutInTheMiddle) {
  Intervals ops;
  ops.refuse = true;
  deal::index::GistBuild build(ops, {});
  for (int i = 0; i < 2000; ++i)
    build.insert(ops.item(i, i));
  EXPECT_GT(build.profile().leaf_fill, 0.4);
}

TEST(GistBuild, RunsOfPagesAreSplitUntilTheyFit) {
  Intervals ops;
  deal::index::GistBuild build(ops, {.whole = 8152, .filled = 7333});
  std::vector<GistItem> run;
  for (int i = 0; i < 1400; ++i)
    run.push_back(ops.item(i, i));  // 28000 bytes: halves of 14000, quarters of 7000
  EXPECT_EQ(build.pages_of(run), 4u);
  run.resize(10);
  EXPECT_EQ(build.pages_of(run), 1u);
}

TEST(GistSize, LevelsAddUp) {
  const SizeEstimate size =
      deal::index::estimate_gist({.rows = 600'000, .leaf_bytes = 16, .inner_bytes = 16, .leaf_fill = 0.6});
  EXPECT_NEAR(static_cast<double>(size.pages), 600'000 * 20 / (8152 * 0.6) * 1.004, 5);
  EXPECT_EQ(deal::index::estimate_gist({}).pages, 1);
}

TEST(SpaceTreeSize, EmptyAndMeasured) {
  EXPECT_EQ(deal::index::estimate_spgist({}).pages, 3);
  // Measured: 60000 points, 337 pages.
  EXPECT_NEAR(static_cast<double>(deal::index::estimate_spgist({.rows = 60'000, .leaf_bytes = 16}).pages),
              337, 15);
}

}  // namespace
