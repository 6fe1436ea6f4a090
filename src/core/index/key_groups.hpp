#pragma once

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

/// Estimates the population of keys. Works on (key, block) pairs, so that rows of a key that lie together
/// don't pass for evidence of many rows elsewhere; runs that cross block edges are counted once. Keys seen
/// often are scaled up; the rest is a mixture of group sizes fitted to how many keys were seen in 1, 2, 3 ...
/// blocks. With the whole table sampled the result is exact.
KeyPopulation estimate_population(const KeySample& sample);

/// The number of distinct leading columns (by leading_hash), roughly (Duj1).
double estimate_leading_distinct(const KeySample& sample);

}  // namespace deal::index
