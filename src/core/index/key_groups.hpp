#pragma once

#include <cstdint>
#include <vector>

#include "core/index/btree_pages.hpp"
#include "core/index/size.hpp"

namespace deal::index {

/// How the rows of a table spread over the distinct values of a key, estimated from a sample of blocks.
struct KeyPopulation {
  std::vector<KeyGroup> groups;
  double rows = 0;  ///< that go into the index
  double distinct_keys = 0;
  double mean_rows = 1;   ///< rows per key among the keys that were seen too rarely to count them
  double rare_share = 0;  ///< share of the rows that belong to such keys
  double repeats = 0;     ///< how often a rare key was met again in another block: what the estimate rests on
};

/// One sampled key. A unit is a block that holds it, or several sampled neighbours that one run of its rows
/// crosses. Small, because a sample has tens of thousands.
struct SeenKey {
  std::uint64_t hash = 0;
  std::uint32_t last_block = 0;
  std::uint32_t first_row = 0;  ///< position in the sample of one of its rows
  std::uint32_t rows = 0;
  std::uint32_t bytes = 0;     ///< sum of key_bytes over the rows
  std::uint32_t followed = 0;  ///< rows followed by one of the same key in the same block
  std::uint32_t edges = 0;     ///< rows that are the last of their block
  int units = 0;
  bool first = false;  ///< holds the first row of a block
};

/// The keys of a sample. The same for all indexes with these key columns, in any order, but for the bytes.
struct CountedKeys {
  std::vector<SeenKey> keys;
  std::int64_t rows = 0;  ///< sampled rows that go into the index
  double independence =
      1;  ///< share of independent ones among the meetings of a rare key with a further block
};

/// What tells keys apart: the hash of all key columns, that of the first, or nothing: every row is known to
/// have a key of its own.
enum class KeyPart { kWhole, kLeading, kRow };
CountedKeys count_keys(const KeySample& sample, KeyPart part);

/// Estimates the population of keys. Works on (key, block) pairs, so that rows of a key that lie together
/// don't pass for evidence of many rows elsewhere; runs that cross block edges are counted once. Keys seen
/// often are scaled up; the rest is a mixture of group sizes fitted to how many keys were seen in 1, 2, 3 ...
/// blocks. With the whole table sampled the result is exact.
KeyPopulation estimate_population(const KeySample& sample, const CountedKeys& counted);

/// The population and its leaves: the same for every order of the key columns that gives each key as many
/// bytes.
struct LaidOutKeys {
  KeyPopulation population;
  BtreePages leaves;
  double widest_entry = 0;  ///< header included
  std::int64_t rows = 0;    ///< sampled rows that go into the index
};
LaidOutKeys lay_out_keys(const KeySample& sample, const CountedKeys& counted, const BtreeShape& shape);

/// The number of distinct leading columns, roughly (Duj1). Like estimate_population it needs no rows in
/// `sample`.
double estimate_leading_distinct(const KeySample& sample, const CountedKeys& leading);

}  // namespace deal::index
