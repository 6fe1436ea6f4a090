#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "btree_simulator.hpp"
#include "core/base/random.hpp"
#include "core/index/size.hpp"

namespace {

using deal::Random;
using deal::index::estimate_btree;
using deal::index::KeySample;
using deal::index::SizeEstimate;
using deal::test::BtreeSimulator;
using deal::test::IndexTuple;

// Large shuffled tables, of which a sample meets few keys twice: half a percent of the rows.
constexpr std::int64_t kRows = 6000000;
constexpr int kRowsPerBlock = 60;
constexpr int kSampledBlocks = 500;

// The rows of a table in the order of their keys.
using SortedKeys = std::vector<IndexTuple>;

struct Population {
  std::string name;
  std::function<SortedKeys()> rows;
};

// Adds keys with `rows_per_key` rows until there are `rows` more.
void add_groups(SortedKeys& keys, std::int64_t rows, std::int64_t rows_per_key, std::uint32_t bytes = 16) {
  const std::uint64_t first = keys.empty() ? 0 : keys.back().key + 1;
  for (std::int64_t row = 0; row < rows; ++row)
    keys.push_back({first + static_cast<std::uint64_t>(row / rows_per_key), bytes, 0});
}

// Groups of these sizes and shares of the rows.
Population groups_of(std::string name, std::vector<std::pair<double, int>> shares) {
  return {std::move(name), [shares = std::move(shares)] {
            SortedKeys keys;
            for (const auto& [share, size] : shares)
              add_groups(keys, std::llround(share * static_cast<double>(kRows)), size);
            return keys;
          }};
}

// The k-th of `keys` keys has rows in proportion to 1/k^exponent, and one at least.
Population zipf(std::string name, std::int64_t keys, double exponent) {
  return {std::move(name), [=] {
            double sum = 0;
            for (std::int64_t k = 1; k <= keys; ++k)
              sum += std::pow(static_cast<double>(k), -exponent);
            SortedKeys rows;
            for (std::int64_t k = 1; k <= keys && static_cast<std::int64_t>(rows.size()) < kRows; ++k) {
              const double size =
                  static_cast<double>(kRows) * std::pow(static_cast<double>(k), -exponent) / sum;
              add_groups(rows, std::max<std::int64_t>(1, std::llround(size)), kRows);
            }
            return rows;
          }};
}

// Sentences cut at random places: the shorter, the likelier to come again, by a power law.
SortedKeys comments() {
  SortedKeys keys;
  for (std::uint32_t length = 10; length < 44; ++length) {
    const double mean = 1 + 8 * std::exp(-(length - 10) / 5.0);
    const std::uint32_t bytes = (8 + 1 + length + 7) / 8 * 8;
    const std::int64_t rows = kRows / 34;
    const auto unique = static_cast<std::int64_t>(static_cast<double>(rows) / mean);
    add_groups(keys, unique, 1, bytes);
    for (std::int64_t left = rows - unique, k = 1; left > 0; ++k) {
      const std::int64_t size = std::min<std::int64_t>(left, 2 + 2000 / (k + 5));
      add_groups(keys, size, size, bytes);
      left -= size;
    }
  }
  return keys;
}

std::vector<Population> populations() {
  return {
      groups_of("all unique", {{1, 1}}),
      groups_of("pairs", {{1, 2}}),
      groups_of("groups of 5", {{1, 5}}),
      groups_of("groups of 10", {{1, 10}}),
      groups_of("groups of 30", {{1, 30}}),
      groups_of("groups of 200", {{1, 200}}),
      groups_of("half unique, half groups of 5", {{.5, 1}, {.5, 5}}),
      groups_of("half unique, half groups of 30", {{.5, 1}, {.5, 30}}),
      groups_of("half unique, half groups of 200", {{.5, 1}, {.5, 200}}),
      groups_of("nine tenths unique, rest groups of 10", {{.9, 1}, {.1, 10}}),
      groups_of("a tenth unique, rest groups of 30", {{.1, 1}, {.9, 30}}),
      groups_of("a third each unique, of 5, of 100", {{.333, 1}, {.333, 5}, {.334, 100}}),
      groups_of("half null, rest unique", {{.5, kRows}, {.5, 1}}),
      groups_of("half null, rest groups of 8", {{.5, kRows}, {.5, 8}}),
      zipf("zipf 0.6 of 300,000", 300000, 0.6),
      zipf("zipf 1.0 of 300,000", 300000, 1.0),
      zipf("zipf 0.8 of 4,000,000", 4000000, 0.8),
      zipf("zipf 1.2 of 1,000,000", 1000000, 1.2),
      {"unique long texts, short ones in groups of 30",
       [] {
         SortedKeys keys;
         add_groups(keys, kRows / 2, 1, 56);
         add_groups(keys, kRows / 2, 30, 24);
         return keys;
       }},
      {"comments", comments},
  };
}

// Rows drawn one by one: what whole blocks of a shuffled table hold.
KeySample draw(const SortedKeys& keys, std::uint64_t seed) {
  KeySample sample;
  Random random(seed);
  sample.table_rows = static_cast<std::int64_t>(keys.size());
  sample.table_blocks = sample.table_rows / kRowsPerBlock;
  sample.sampled_blocks = kSampledBlocks;
  std::unordered_set<std::uint64_t> taken;
  for (int i = 0; i < kSampledBlocks * kRowsPerBlock; ++i) {
    std::uint64_t at = random.below(keys.size());
    while (!taken.insert(at).second)
      at = random.below(keys.size());
    const auto block = static_cast<std::uint32_t>(i / kRowsPerBlock * 200);
    sample.rows.push_back({block, keys[at].bytes - 8, deal::mix64(keys[at].key + 1), 0});
  }
  sample.sampled_rows = static_cast<std::int64_t>(sample.rows.size());
  return sample;
}

TEST(Size, SkewedKeysOfLargeTables) {
  std::vector<double> factors;
  int inside = 0;
  for (const Population& population : populations()) {
    const SortedKeys keys = population.rows();
    BtreeSimulator exact(true, 90, 0);
    exact.build(keys);
    const std::int64_t bytes = exact.pages() * 8192;
    std::vector<double> of_this;
    for (const std::uint64_t seed : {1, 2, 3}) {
      const SizeEstimate size = estimate_btree(draw(keys, seed), {});
      const double ratio = static_cast<double>(size.bytes) / static_cast<double>(bytes);
      of_this.push_back(std::max(ratio, 1 / ratio));
      // A sample can have too few third meetings by chance.
      EXPECT_LE(of_this.back(), 1.6) << population.name;
      inside += size.low_bytes <= bytes && bytes <= size.high_bytes ? 1 : 0;
      std::printf("%-48s %8lld pages, estimate / exact %.3f\n", population.name.c_str(),
                  static_cast<long long>(exact.pages()), ratio);
    }
    std::sort(of_this.begin(), of_this.end());
    EXPECT_LE(of_this[1], 1.5) << population.name;
    factors.insert(factors.end(), of_this.begin(), of_this.end());
  }
  std::sort(factors.begin(), factors.end());
  std::printf("median %.3f worst %.3f, %d of %zu inside the interval\n", factors[factors.size() / 2],
              factors.back(), inside, factors.size());
  EXPECT_LE(factors[factors.size() / 2], 1.05);
  EXPECT_GE(inside, static_cast<int>(factors.size()) * 9 / 10);
}

// Keys that return only within a stretch of the table meet again all together, where two sampled blocks lie
// in one stretch: a single fact.
TEST(Size, KeysOfOneStretchAreOneFact) {
  std::vector<IndexTuple> rows;
  Random random(7);
  for (std::int64_t row = 0; row < kRows; ++row)
    rows.push_back({static_cast<std::uint64_t>(row / 1000 * 20) + random.below(20), 16, 0});
  SortedKeys sorted = rows;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const IndexTuple& a, const IndexTuple& b) { return a.key < b.key; });
  BtreeSimulator exact(true, 90, 0);
  exact.build(sorted);
  for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    KeySample sample;
    Random random_block(seed);
    sample.table_rows = static_cast<std::int64_t>(rows.size());
    sample.table_blocks = sample.table_rows / kRowsPerBlock;
    sample.sampled_blocks = kSampledBlocks;
    std::set<std::int64_t> blocks;
    while (static_cast<std::int64_t>(blocks.size()) < sample.sampled_blocks)
      blocks.insert(random_block.below(sample.table_blocks));
    for (const std::int64_t block : blocks) {
      for (std::int64_t row = block * kRowsPerBlock; row < (block + 1) * kRowsPerBlock; ++row)
        sample.rows.push_back({static_cast<std::uint32_t>(block), 8, deal::mix64(rows[row].key + 1), 0});
    }
    sample.sampled_rows = static_cast<std::int64_t>(sample.rows.size());
    const SizeEstimate size = estimate_btree(sample, {});
    const double ratio = static_cast<double>(size.pages) / static_cast<double>(exact.pages());
    std::printf("seed %llu: estimate / exact %.3f\n", static_cast<unsigned long long>(seed), ratio);
    EXPECT_LE(std::max(ratio, 1 / ratio), 1.25) << "seed " << seed;
  }
}

}  // namespace
