#include "core/index/size.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>
#include <string>
#include <unordered_set>
#include <vector>

#include "btree_simulator.hpp"
#include "core/base/error.hpp"
#include "core/base/random.hpp"

namespace {

using deal::Random;
using deal::index::BtreeShape;
using deal::index::ColumnStatistics;
using deal::index::estimate_btree;
using deal::index::KeySample;
using deal::index::SampledRow;
using deal::index::SizeEstimate;
using deal::test::BtreeSimulator;
using deal::test::IndexTuple;

constexpr std::int64_t kRows = 600000;
constexpr int kRowsPerBlock = 60;
constexpr int kSampleRows = 30000;

// Draws from 1..n with probability ~ 1/k^s.
class Zipf {
 public:
  Zipf(int n, double s) : cumulative_(n) {
    double sum = 0;
    for (int k = 0; k < n; ++k)
      cumulative_[k] = sum += std::pow(k + 1, -s);
  }
  std::uint64_t draw(Random& random) const {
    const double at = random.uniform() * cumulative_.back();
    return std::lower_bound(cumulative_.begin(), cumulative_.end(), at) - cumulative_.begin();
  }

 private:
  std::vector<double> cumulative_;
};

struct Definition {
  std::string name;
  std::function<IndexTuple(std::int64_t row, Random&)> tuple;
  BtreeShape shape{};
  int leading_bytes = 0;  // data bytes of the first of several columns
};

IndexTuple tuple(std::uint64_t key, std::uint32_t bytes = 16) {
  return {key, bytes, key};
}

std::uint32_t text_tuple(std::uint32_t length) {
  return (8 + (length < 127 ? 1 : 4) + length + 7) / 8 * 8;
}

std::vector<Definition> definitions() {
  const auto uniform = [](std::uint64_t keys, std::uint32_t bytes = 16) {
    return [=](std::int64_t, Random& random) { return tuple(random.below(keys), bytes); };
  };
  const auto runs = [](std::int64_t length) {
    return [=](std::int64_t row, Random&) { return tuple(row / length); };
  };
  const auto zipf = [](int keys, double s) {
    return [table = Zipf(keys, s)](std::int64_t, Random& random) { return tuple(table.draw(random)); };
  };
  const auto unique = [](std::int64_t row, Random&) { return tuple(row); };
  const auto shuffled = [](std::int64_t row, Random&) { return tuple(deal::mix64(row)); };
  BtreeShape plain{.deduplicate = false};
  return {
      {"unique ascending", unique},
      {"unique shuffled", shuffled},
      {"unique index", unique, plain},
      {"one value", uniform(1)},
      {"all null", [](std::int64_t, Random&) { return tuple(0, 16); }},
      {"two values", uniform(2)},
      {"two values, one rare", [](std::int64_t, Random& r) { return tuple(r.uniform() < 0.003 ? 1 : 0); }},
      {"three clustered values", runs(kRows / 3)},
      {"100 values", uniform(100)},
      {"5,000 values", uniform(5000)},
      {"60,000 values", uniform(60000)},
      {"200,000 values", uniform(200000)},
      {"600,000 values", uniform(600000)},
      {"3,000,000 values", uniform(3000000)},
      {"100,000 values, 24 bytes", uniform(100000, 24)},
      {"runs of 2", runs(2)},
      {"runs of 4", runs(4)},
      {"runs of 25", runs(25)},
      {"runs of a block", runs(60)},
      {"runs of 600", runs(600)},
      {"runs of 20,000", runs(20000)},
      {"runs of 1 to 7",
       [](std::int64_t row, Random&) {
         // 28 rows in 7 runs of lengths 1 to 7.
         static constexpr int kRun[28] = {0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4,
                                          4, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6};
         return tuple(row / 28 * 7 + kRun[row % 28]);
       }},
      {"zipf 0.7 of 600,000", zipf(600000, 0.7)},
      {"zipf 1.0 of 600,000", zipf(600000, 1.0)},
      {"zipf 1.2 of 600,000", zipf(600000, 1.2)},
      {"zipf 1.0 of 10,000", zipf(10000, 1.0)},
      {"dates in order with jitter",
       [](std::int64_t row, Random& r) { return tuple(row / 300 + r.below(90)); }},
      {"interleaved sessions",
       [](std::int64_t row, Random& r) { return tuple(row / 1000 * 20 + r.below(20)); }},
      {"correlated pair",
       [](std::int64_t, Random& r) {
         const std::uint64_t part = r.below(20000);
         return IndexTuple{part * 4 + r.below(4), 16, part};
       },
       {},
       4},
      {"status and time",
       [](std::int64_t row, Random& r) {
         const std::uint64_t status = r.below(4);
         return IndexTuple{status << 40 | static_cast<std::uint64_t>(row), 24, status};
       },
       {},
       4},
      {"customer and unique text",
       [](std::int64_t row, Random& r) {
         const std::uint64_t customer = r.below(300000);
         return IndexTuple{customer << 32 | static_cast<std::uint64_t>(row), text_tuple(208), customer};
       },
       {},
       8},
      {"half null, rest unique",
       [](std::int64_t row, Random& r) { return r.uniform() < 0.5 ? tuple(UINT64_MAX) : tuple(row); }},
      {"nine tenths null, rest of 100",
       [](std::int64_t, Random& r) { return r.uniform() < 0.9 ? tuple(UINT64_MAX) : tuple(r.below(100)); }},
      {"one value and a tenth unique",
       [](std::int64_t row, Random& r) { return r.uniform() < 0.9 ? tuple(UINT64_MAX) : tuple(row); }},
      {"half unique, half of 6,000",
       [](std::int64_t row, Random& r) {
         return r.uniform() < 0.5 ? tuple(1ULL << 40 | r.below(6000)) : tuple(row);
       }},
      {"half unique, half of 100,000",
       [](std::int64_t row, Random& r) {
         return r.uniform() < 0.5 ? tuple(1ULL << 40 | r.below(100000)) : tuple(row);
       }},
      {"unique text of 100", [](std::int64_t row, Random&) { return tuple(row, text_tuple(100)); }},
      {"unique text of 5 to 400",
       [](std::int64_t row, Random&) {
         return tuple(row, text_tuple(5 + static_cast<std::uint32_t>(deal::mix64(row) % 396)));
       }},
      {"unique text of 1500", [](std::int64_t row, Random&) { return tuple(row, text_tuple(1500)); }},
      {"text of 200, 1,000 values", uniform(1000, text_tuple(200))},
      {"text of 60, 150,000 values", uniform(150000, text_tuple(60))},
      {"few long, many short texts",
       [](std::int64_t row, Random&) { return tuple(row, text_tuple(row % 20 == 0 ? 900 : 10)); }},
      {"fillfactor 70", unique, {.fillfactor = 70}},
      {"fillfactor 100, 2,000 values", uniform(2000), {.fillfactor = 100}},
      {"duplicates without posting lists", uniform(1000), plain},
  };
}

struct Table {
  std::vector<IndexTuple> rows;
  KeySample sample;
};

// Chooses whole blocks at random.
std::vector<std::int64_t> choose_blocks(std::int64_t blocks, std::int64_t wanted, Random& random) {
  std::unordered_set<std::int64_t> chosen;
  while (static_cast<std::int64_t>(chosen.size()) < wanted)
    chosen.insert(random.below(blocks));
  std::vector<std::int64_t> sorted(chosen.begin(), chosen.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

Table make_table(const Definition& definition, std::uint64_t seed, int sample_rows = kSampleRows) {
  Table table;
  Random random(seed);
  table.rows.reserve(kRows);
  for (std::int64_t row = 0; row < kRows; ++row)
    table.rows.push_back(definition.tuple(row, random));
  KeySample& sample = table.sample;
  sample.table_rows = kRows;
  sample.table_blocks = kRows / kRowsPerBlock;
  sample.sampled_blocks = sample_rows / kRowsPerBlock;
  sample.key_columns = definition.leading_bytes > 0 ? 2 : 1;
  sample.leading_bytes = definition.leading_bytes;
  for (const std::int64_t block : choose_blocks(sample.table_blocks, sample.sampled_blocks, random)) {
    for (int i = 0; i < kRowsPerBlock; ++i) {
      const IndexTuple& row = table.rows[block * kRowsPerBlock + i];
      sample.rows.push_back(
          {static_cast<std::uint32_t>(block), row.bytes - 8, deal::mix64(row.key), deal::mix64(row.leading)});
    }
  }
  sample.sampled_rows = static_cast<std::int64_t>(sample.rows.size());
  return table;
}

BtreeSimulator build(std::vector<IndexTuple> rows, const Definition& definition) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const IndexTuple& a, const IndexTuple& b) { return a.key < b.key; });
  const int leading = definition.leading_bytes > 0 ? (8 + definition.leading_bytes + 7) / 8 * 8 : 0;
  BtreeSimulator simulator(definition.shape.deduplicate, definition.shape.fillfactor, leading);
  simulator.build(rows);
  return simulator;
}

std::int64_t distinct_keys(const std::vector<IndexTuple>& rows) {
  std::unordered_set<std::uint64_t> keys;
  for (const IndexTuple& row : rows)
    keys.insert(row.key);
  return static_cast<std::int64_t>(keys.size());
}

double factor(double a, double b) {
  return std::max(a, b) / std::min(a, b);
}

TEST(BtreeSimulator, KnownLayouts) {
  // 1,000,000 ascending int4 keys: 2733 leaves of 366 tuples and 10 + 1 inner pages, as pageinspect shows.
  std::vector<IndexTuple> rows;
  for (int i = 0; i < 1000000; ++i)
    rows.push_back(tuple(i));
  BtreeSimulator simulator(true, 90, 0);
  simulator.build(rows);
  EXPECT_EQ(simulator.leaf_pages(), 2733);
  EXPECT_EQ(simulator.root_level(), 2);
  EXPECT_EQ(simulator.pages(), 2733 + 10 + 1 + 1);
}

TEST(Size, SampleEstimatesMatchExactLayouts) {
  std::vector<double> factors;
  int heights_right = 0;
  int inside = 0;
  const std::vector<Definition> all = definitions();
  std::printf("%-34s %8s %8s %7s %9s %9s %s\n", "definition", "pages", "est", "factor", "distinct", "est",
              "level");
  for (const Definition& definition : all) {
    const Table table = make_table(definition, 42);
    const BtreeSimulator exact = build(table.rows, definition);
    const SizeEstimate size = estimate_btree(table.sample, definition.shape);
    const double f = factor(static_cast<double>(size.pages), static_cast<double>(exact.pages()));
    factors.push_back(f);
    heights_right += size.root_level == exact.root_level() ? 1 : 0;
    inside += size.low_bytes <= exact.pages() * 8192 && exact.pages() * 8192 <= size.high_bytes ? 1 : 0;
    std::printf("%-34s %8lld %8lld %7.3f %9lld %9.0f %d/%d  [%lld %lld]\n", definition.name.c_str(),
                static_cast<long long>(exact.pages()), static_cast<long long>(size.pages), f,
                static_cast<long long>(distinct_keys(table.rows)), size.distinct_keys, exact.root_level(),
                size.root_level, static_cast<long long>(size.low_bytes / 8192),
                static_cast<long long>(size.high_bytes / 8192));
    EXPECT_LE(f, 1.25) << definition.name;
    EXPECT_LE(size.low_bytes, size.bytes);
    EXPECT_GE(size.high_bytes, size.bytes);
    EXPECT_EQ(size.bytes, size.pages * 8192);
  }
  std::sort(factors.begin(), factors.end());
  std::printf("median %.3f worst %.3f, %d of %zu heights right, %d inside the interval\n",
              factors[factors.size() / 2], factors.back(), heights_right, all.size(), inside);
  EXPECT_GE(all.size(), 30u);
  EXPECT_LE(factors[factors.size() / 2], 1.02);
  EXPECT_GE(heights_right, static_cast<int>(all.size()) - 2);
  EXPECT_GE(inside, static_cast<int>(all.size()) * 9 / 10);
}

TEST(Size, TheWholeTableSampledIsExact) {
  const std::vector<Definition> all = definitions();
  for (std::size_t i = 0; i < all.size(); i += 3) {
    const Definition& definition = all[i];
    const Table table = make_table(definition, 7, kRows);
    const BtreeSimulator exact = build(table.rows, definition);
    const SizeEstimate size = estimate_btree(table.sample, definition.shape);
    EXPECT_EQ(size.distinct_keys, distinct_keys(table.rows)) << definition.name;
    EXPECT_LE(factor(static_cast<double>(size.pages), static_cast<double>(exact.pages())), 1.05)
        << definition.name;
    EXPECT_EQ(size.root_level, exact.root_level()) << definition.name;
  }
}

TEST(Size, SmallTablesAreExactToThePage) {
  for (const int rows : {0, 1, 2, 366, 367, 368, 1000, 20000}) {
    std::vector<IndexTuple> tuples;
    KeySample sample;
    sample.table_rows = sample.sampled_rows = rows;
    sample.table_blocks = sample.sampled_blocks = (rows + 59) / 60;
    for (int i = 0; i < rows; ++i) {
      tuples.push_back(tuple(i));
      sample.rows.push_back({static_cast<std::uint32_t>(i / 60), 8, deal::mix64(i), 0});
    }
    BtreeSimulator exact(true, 90, 0);
    exact.build(tuples);
    const SizeEstimate size = estimate_btree(sample, {});
    EXPECT_EQ(size.pages, exact.pages()) << rows;
    EXPECT_EQ(size.root_level, exact.root_level()) << rows;
    EXPECT_EQ(size.low_bytes, size.bytes) << rows;
  }
}

TEST(Size, PartialIndexesCountOnlyTheirRows) {
  Table table = make_table(definitions()[0], 3);
  KeySample partial = table.sample;
  std::erase_if(partial.rows, [](const SampledRow& row) { return row.key_hash % 10 != 0; });
  const SizeEstimate size = estimate_btree(partial, {});
  EXPECT_NEAR(size.rows, kRows / 10.0, kRows * 0.01);
  EXPECT_NEAR(static_cast<double>(size.leaf_pages), kRows / 10.0 / 366, kRows / 10.0 / 366 * 0.08);
  partial.rows.clear();
  EXPECT_EQ(estimate_btree(partial, {}).pages, 1);
}

TEST(Size, AStaleRowCountIsReplacedByTheDensity) {
  Table table = make_table(definitions()[0], 3);
  table.sample.table_rows = 10;
  EXPECT_NEAR(estimate_btree(table.sample, {}).rows, kRows, 1);
}

TEST(Size, RefusesContradictions) {
  KeySample sample;
  sample.rows.resize(5);
  EXPECT_THROW(estimate_btree(sample, {}), deal::Error);
  sample.sampled_rows = 5;
  EXPECT_THROW(estimate_btree(sample, {}), deal::Error);
  EXPECT_THROW(estimate_btree(KeySample{}, {.fillfactor = 5}), deal::Error);
  EXPECT_THROW(estimate_btree(1000, {}, {}), deal::Error);
  EXPECT_EQ(estimate_btree(KeySample{}, {}).pages, 1);
}

TEST(Size, FromCatalogStatisticsAlone) {
  const auto pages = [](std::int64_t rows, std::vector<ColumnStatistics> columns, BtreeShape shape = {}) {
    return estimate_btree(rows, columns, shape);
  };
  const auto exact = [](const Definition& definition) {
    return static_cast<double>(build(make_table(definition, 5).rows, definition).pages());
  };
  const std::vector<Definition> all = definitions();
  const auto named = [&](const char* name) {
    return *std::find_if(all.begin(), all.end(), [&](const Definition& d) { return d.name == name; });
  };
  EXPECT_LE(factor(exact(named("unique ascending")), pages(kRows, {{.distinct = -1}}).pages), 1.01);
  EXPECT_LE(factor(exact(named("60,000 values")), pages(kRows, {{.distinct = 60000}}).pages), 1.05);
  EXPECT_LE(factor(exact(named("100 values")), pages(kRows, {{.distinct = 100}}).pages), 1.02);
  EXPECT_LE(factor(exact(named("half null, rest unique")),
                   pages(kRows, {{.distinct = -0.5, .null_fraction = 0.5}}).pages),
            1.02);
  EXPECT_LE(
      factor(exact(named("unique text of 100")),
             pages(kRows, {{.distinct = -1, .average_width = 101, .alignment = 4, .varlena = true}}).pages),
      1.02);
  EXPECT_LE(
      factor(exact(named("status and time")),
             pages(kRows, {{.distinct = 4, .average_width = 4, .alignment = 4}, {.distinct = -1}}).pages),
      1.02);
  const SizeEstimate pair = pages(kRows, {{.distinct = 20000, .average_width = 4, .alignment = 4},
                                          {.distinct = 1000, .average_width = 4, .alignment = 4}});
  const double truth = exact(named("correlated pair")) * 8192;
  EXPECT_LE(static_cast<double>(pair.low_bytes), truth);
  EXPECT_GE(static_cast<double>(pair.high_bytes), truth);
  EXPECT_EQ(pages(0, {{}}).pages, 1);
}

// As HypoPG 1.3.1 printed them for TPC-H.
TEST(Size, HypopgSizesAreHypopgs) {
  const auto pages = [](double width, int columns) {
    return static_cast<double>(deal::index::hypopg_btree_bytes(6001251, width, columns)) / 8192;
  };
  EXPECT_NEAR(pages(4, 1), 19140, 1);
  EXPECT_NEAR(pages(8, 2), 30624, 1);
  EXPECT_NEAR(pages(12, 3), 49764, 1);
  EXPECT_NEAR(pages(16, 4), 61249, 1);
  EXPECT_NEAR(pages(28, 7), 111014, 1);
  EXPECT_NEAR(pages(27, 1), 41151, 1);
  EXPECT_EQ(deal::index::hypopg_btree_bytes(25, 26, 1), 8192) << "a page at least";
}

}  // namespace
