#include "core/index/method_size.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/random.hpp"

namespace deal::index {

namespace {

constexpr double kItemPointer = 4;
constexpr int kSinglePhaseGroups = 10;  // of hash buckets: up to 512 they double at once
constexpr int kSimulatedBuckets = 4000;

// Buckets come in groups: doubled at once while few, then in four quarter steps per doubling.
double bucket_total(double wanted) {
  double total = 2;
  while (total < wanted && total < std::ldexp(1.0, kSinglePhaseGroups - 1))
    total *= 2;
  while (total < wanted) {
    const double base = std::exp2(std::floor(std::log2(total)));
    total += base / 4;
  }
  return total;
}

double poisson(Random& random, double mean) {
  if (mean > 60) {  // normal approximation, by the sum of twelve uniform numbers
    double sum = -6;
    for (int i = 0; i < 12; ++i)
      sum += random.uniform();
    return std::max(0.0, std::round(mean + sum * std::sqrt(mean)));
  }
  const double limit = std::exp(-mean);
  double product = random.uniform();
  double count = 0;
  for (; product > limit; ++count)
    product *= random.uniform();
  return count;
}

// Overflow pages of buckets that each take `share` of all keys, on average over some simulated ones.
double overflow_per_bucket(const KeyPopulation& keys, double share, double per_page, Random& random) {
  double light_rows = 0;
  std::vector<KeyGroup> light;
  double heavy_pages = 0;
  for (const KeyGroup& group : keys.groups) {
    if (group.rows < per_page / 4) {
      light.push_back(group);
      light_rows += group.keys * group.rows;
    } else {
      heavy_pages += group.keys * share * group.rows / per_page;
    }
  }
  double overflow = 0;
  for (int bucket = 0; bucket < kSimulatedBuckets; ++bucket) {
    double rows = 0;
    for (const KeyGroup& group : light)
      rows += poisson(random, group.keys * share) * group.rows;
    overflow += std::max(0.0, std::ceil(rows / per_page) - 1);
  }
  // A crowd meets whatever else is in its bucket.
  const double others = std::max(0.0, light_rows * share / per_page - 0.5);
  double crowds = 0;
  for (const KeyGroup& group : keys.groups)
    if (group.rows >= per_page / 4) crowds += group.keys * share * std::min(others, 1.0);
  return overflow / kSimulatedBuckets + heavy_pages + crowds;
}

double inner_pages(double leaves, double fanout) {
  double pages = 0;
  for (double level = leaves; level > 1;) {
    level = std::ceil(level / std::max(fanout, 2.0));
    pages += level;
  }
  return pages;
}

}  // namespace

SizeEstimate sized(double pages, double rows, int page_size, double uncertainty) {
  SizeEstimate size;
  size.pages = std::max<std::int64_t>(std::llround(pages), 1);
  size.bytes = size.pages * page_size;
  size.leaf_pages = size.pages;
  size.rows = size.leaf_tuples = size.distinct_keys = rows;
  const auto scaled = [&](double factor) {
    return std::llround(static_cast<double>(size.pages) * factor) * page_size;
  };
  size.low_bytes = std::min<std::int64_t>(size.bytes, scaled(1 / (1 + uncertainty)));
  size.high_bytes = std::max<std::int64_t>(size.bytes, scaled(1 + uncertainty));
  return size;
}

KeyPopulation even_population(double rows, double distinct, double key_bytes) {
  KeyPopulation population;
  if (rows <= 0) return population;
  const double keys = std::clamp(distinct, 1.0, std::max(rows, 1.0));
  population.rows = rows;
  population.distinct_keys = keys;
  population.mean_rows = rows / keys;
  population.groups.push_back({keys, rows / keys, align8(8 + static_cast<int>(key_bytes))});
  return population;
}

SizeEstimate estimate_hash(const KeyPopulation& keys, const HashShape& shape) {
  constexpr double kTuple = 16 + kItemPointer;
  const double target = std::max(10.0, std::floor(shape.page_size * shape.fillfactor / 100.0 / kTuple));
  const double per_page = std::floor((shape.page_size - 40) / kTuple);
  const double wanted = std::max(std::floor(shape.table_rows / target), keys.rows / target);
  const double buckets = bucket_total(wanted);
  // Buckets not yet split take twice the share of those that are.
  const double low = std::exp2(std::floor(std::log2(buckets)));
  const double split = 2 * (buckets - low);
  const double whole = buckets - split;
  Random random(20250101);
  double overflow = 0;
  if (whole > 0) overflow += whole * overflow_per_bucket(keys, 1 / low, per_page, random);
  if (split > 0) overflow += split * overflow_per_bucket(keys, 0.5 / low, per_page, random);
  const double bitmaps = 1 + std::floor(overflow / (shape.page_size * 4.0));
  SizeEstimate size = sized(1 + buckets + bitmaps + std::round(overflow), keys.rows, shape.page_size, 0.1);
  size.distinct_keys = keys.distinct_keys;
  size.entry_bytes = size.widest_entry = 16;
  return size;
}

double laid_out(const std::vector<StoredItem>& items) {
  double offset = 0;
  for (const StoredItem& item : items)
    offset = std::ceil(offset / item.align) * item.align + item.bytes;
  return offset;
}

double bloom_filter_bytes(double distinct_per_range, double false_positive_rate, double pages_per_range) {
  constexpr double kHeader = 16;
  const double most = 291.0 * pages_per_range;  // rows that the pages can hold
  double distinct = distinct_per_range < 0 ? -distinct_per_range * most : distinct_per_range;
  distinct = std::min(std::max(distinct, 16.0), most);
  const double bits = std::ceil(-distinct * std::log(false_positive_rate) / (std::log(2.0) * std::log(2.0)));
  return kHeader + std::ceil(bits / 8);
}

SizeEstimate estimate_brin(const BrinShape& shape) {
  const double ranges = std::ceil(shape.table_pages / std::max(shape.pages_per_range, 1.0));
  const double map_room = std::floor((shape.page_size - 24 - 8) / 6.0);
  const double tuple = align8(8 + static_cast<int>(std::ceil(shape.summary_bytes))) + kItemPointer;
  const double per_page = std::max(1.0, std::floor((shape.page_size - 32) / tuple));
  const double maps = std::max(1.0, std::ceil(ranges / map_room));
  SizeEstimate size = sized(1 + maps + std::ceil(ranges / per_page), ranges, shape.page_size, 0.15);
  size.entry_bytes = size.widest_entry = tuple - kItemPointer;
  return size;
}

SizeEstimate estimate_spgist(const SpaceTreeShape& shape) {
  const double tuple =
      align8(16 + static_cast<int>(std::ceil(shape.leaf_bytes + shape.includes))) + kItemPointer;
  const double room = shape.page_size - 32;
  const double leaves = std::ceil(shape.rows * tuple / (room * shape.fill));
  // The metapage, the roots of values and of nulls.
  SizeEstimate size = sized(3 + (leaves > 1 ? leaves : 0), shape.rows, shape.page_size, 0.25);
  size.entry_bytes = size.widest_entry = tuple - kItemPointer;
  return size;
}

SizeEstimate estimate_gist(const GistShape& shape) {
  const double room = shape.page_size - 40;
  const double leaves =
      std::max(1.0, std::ceil(shape.rows * (shape.leaf_bytes + kItemPointer) / (room * shape.leaf_fill)));
  const double inner = inner_pages(leaves, room * shape.inner_fill / (shape.inner_bytes + kItemPointer));
  SizeEstimate size = sized(leaves + inner, shape.rows, shape.page_size, 0.2);
  size.leaf_pages = std::llround(leaves);
  size.entry_bytes = size.widest_entry = shape.leaf_bytes;
  return size;
}

}  // namespace deal::index
