#include "core/index/size.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/index/btree_pages.hpp"
#include "core/index/key_groups.hpp"

namespace deal::index {

namespace {

constexpr int kTupleHeader = 8;
constexpr int kNullBitmap = 8;
constexpr int kHeapTid = 6;

void check(const KeySample& sample) {
  const char* wrong = nullptr;
  if (sample.sampled_rows < 0 || sample.sampled_blocks < 0 || sample.table_blocks < 0) {
    wrong = "a count is negative";
  } else if (static_cast<std::int64_t>(sample.rows.size()) > sample.sampled_rows) {
    wrong = "more index rows than sampled rows";
  } else if (!sample.rows.empty() && sample.sampled_blocks == 0) {
    wrong = "rows without a sampled block";
  } else if (sample.key_columns < 1) {
    wrong = "an index needs a key column";
  }
  if (wrong != nullptr) throw Error("22023", "invalid key sample").detail(wrong);
}

void check(const BtreeShape& shape) {
  if (shape.fillfactor < 10 || shape.fillfactor > 100 || shape.page_size < 1024 || shape.page_size > 65536) {
    throw Error("22023", "invalid B-tree shape")
        .detail("The fillfactor is 10 to 100, the page size a server's.");
  }
}

// A new inner tuple keeps only the leading columns needed to tell two leaf tuples apart, and gets a heap TID
// when both have the same key.
double pivot_size(const BtreePages& leaves, double distinct, double leading_distinct, double leading_bytes) {
  const double same_key = std::clamp(1.0 - distinct / leaves.leaf_tuples, 0.0, 1.0);
  double key = leaves.key_bytes;
  if (leading_bytes > 0 && leading_distinct > 0) {
    const double first_differs = std::clamp(leading_distinct / leaves.leaf_tuples, 0.0, 1.0);
    const double narrow =
        std::min(key, static_cast<double>(align8(kTupleHeader + static_cast<int>(leading_bytes))));
    key = first_differs * narrow + (1 - first_differs) * key;
  }
  return key + 8 * same_key;
}

// Leaf bytes that one row costs when every key has `rows` rows.
double bytes_per_row(double rows, double tuple_bytes, bool deduplicate) {
  if (!deduplicate || rows <= 1) return tuple_bytes + 4;
  return (tuple_bytes + 4) / rows + kHeapTid * (1 - 1 / rows);
}

SizeEstimate finish(BtreePages pages, double rows, double distinct, double pivot_bytes, int page_size) {
  SizeEstimate size;
  if (pages.leaf_tuples > 0) add_inner_levels(pages, pivot_bytes, page_size);
  size.leaf_pages = std::llround(pages.leaf_pages);
  size.pages = 1 + size.leaf_pages + std::llround(pages.inner_pages);
  size.bytes = size.pages * page_size;
  size.root_level = pages.root_level;
  size.rows = rows;
  size.leaf_tuples = pages.leaf_tuples;
  size.distinct_keys = distinct;
  size.entry_bytes = size.widest_entry = pages.key_bytes;
  size.low_bytes = size.bytes;
  size.high_bytes = size.bytes;
  return size;
}

void set_interval(SizeEstimate& size, double low_factor, double high_factor) {
  const auto scaled = [&](double factor) {
    return static_cast<std::int64_t>(std::llround(static_cast<double>(size.pages) * factor)) *
           (size.bytes / size.pages);
  };
  size.low_bytes = std::min(size.bytes, std::max(scaled(low_factor), size.bytes / size.pages));
  size.high_bytes = std::max(size.bytes, scaled(high_factor));
}

// What chance could do: the rows per rare key rest on how many of them were met twice, the rest on the
// sample's size.
void set_sample_interval(SizeEstimate& size, const KeyPopulation& population, const KeySample& sample,
                         std::int64_t indexed_rows, double tuple_bytes, bool deduplicate) {
  if (sample.sampled_blocks >= sample.table_blocks) return;
  const double noise = 0.02 + 1.0 / std::sqrt(static_cast<double>(sample.sampled_blocks) + 1);
  const double inclusion = static_cast<double>(indexed_rows) / population.rows;
  // Repeats expected for every further unit per key; their chance error is about the root of their number.
  const double expected = static_cast<double>(indexed_rows) * inclusion / 2;
  const double chance = 2 * std::sqrt(population.repeats + 1) / std::max(expected, 1e-9);
  const double many_rows = population.mean_rows * (1.2 + chance);
  const double few_rows = std::max(1.0, population.mean_rows / 1.5 - chance);
  const double fitted = bytes_per_row(population.mean_rows, tuple_bytes, deduplicate);
  const double fewer = bytes_per_row(few_rows, tuple_bytes, deduplicate);
  const double more = bytes_per_row(many_rows, tuple_bytes, deduplicate);
  const double rare = population.rare_share;
  set_interval(size, (1 - noise) * (1 - rare + rare * more / fitted),
               (1 + noise) * (1 - rare + rare * fewer / fitted));
}

// Where the next column of an index tuple ends if one begins at `offset`; a null takes no room.
double end_of_column(double offset, const ColumnStatistics& column) {
  const double width = std::max(column.average_width, 1.0);
  const bool short_varlena = column.varlena && width < 127;
  const double begin = short_varlena ? offset : std::ceil(offset / column.alignment) * column.alignment;
  const double present = std::clamp(1.0 - column.null_fraction, 0.0, 1.0);
  return offset + present * (begin + width - offset);
}

double distinct_of(const ColumnStatistics& column, double rows) {
  const double distinct = column.distinct < 0 ? -column.distinct * rows : column.distinct;
  return std::clamp(distinct, 1.0, std::max(rows, 1.0));
}

struct CatalogKey {
  int columns = 0;  // INCLUDE apart
  int tuple_bytes = 0;
  double distinct = 1;
  const ColumnStatistics* first = nullptr;
};

CatalogKey describe_key(const std::vector<ColumnStatistics>& columns, double rows) {
  CatalogKey key;
  double bytes = 0;
  double all_present = 1;
  double combinations = 1;
  double most_of_one = 1;
  for (const ColumnStatistics& column : columns) {
    bytes = end_of_column(bytes, column);
    all_present *= std::clamp(1.0 - column.null_fraction, 0.0, 1.0);
    if (!column.key) continue;
    if (++key.columns == 1) key.first = &column;
    const double values = distinct_of(column, rows) + (column.null_fraction > 0 ? 1 : 0);
    combinations *= values;
    most_of_one = std::max(most_of_one, values);
  }
  if (key.columns == 0) {
    throw Error("22023", "invalid index description").detail("An index needs a key column.");
  }
  const double tuple = kTupleHeader + bytes + (1 - all_present) * kNullBitmap;
  key.tuple_bytes = align8(static_cast<int>(std::ceil(tuple - 1e-9)));
  // As many different keys as `rows` draws from all combinations give, and no fewer than the richest column
  // has.
  const double drawn = key.columns == 1 ? combinations : -combinations * std::expm1(-rows / combinations);
  key.distinct = std::clamp(std::max(drawn, most_of_one), 1.0, std::max(rows, 1.0));
  return key;
}

// Nulls and common values by their frequencies, the other keys in equal shares.
std::vector<KeyGroup> catalog_groups(const CatalogKey& key, double rows) {
  std::vector<KeyGroup> groups;
  double left_rows = rows;
  double left_keys = key.distinct;
  const auto take = [&](double frequency, int tuple_bytes) {
    const double group_rows = std::min(frequency * rows, left_rows);
    if (group_rows < 1 || left_keys < 1) return;
    groups.push_back({1, group_rows, tuple_bytes});
    left_rows -= group_rows;
    left_keys -= 1;
  };
  if (key.columns == 1) {
    take(key.first->null_fraction, kTupleHeader + kNullBitmap);
    for (const double frequency : key.first->common_frequencies)
      take(frequency, key.tuple_bytes);
  }
  if (left_rows >= 1) {
    const double others = std::clamp(left_keys, 1.0, left_rows);
    groups.push_back({others, left_rows / others, key.tuple_bytes});
  }
  return groups;
}

}  // namespace

SizeEstimate estimate_btree(const KeySample& sample, const BtreeShape& shape) {
  check(sample);
  check(shape);
  const KeyPart part = sample.unique ? KeyPart::kRow : KeyPart::kWhole;
  return estimate_btree(sample, lay_out_keys(sample, count_keys(sample, part), shape), shape);
}

SizeEstimate estimate_btree(const KeySample& sample, const LaidOutKeys& laid, const BtreeShape& shape) {
  check(shape);
  const BtreePages& leaves = laid.leaves;
  if (leaves.leaf_tuples <= 0) return finish(leaves, 0, 0, 0, shape.page_size);
  const KeyPopulation& population = laid.population;
  const bool several = sample.key_columns > 1 && sample.leading_bytes > 0;
  double leading = several ? sample.leading_distinct : 0;
  if (several && leading <= 0)
    leading = estimate_leading_distinct(sample, count_keys(sample, KeyPart::kLeading));
  const double pivot =
      pivot_size(leaves, population.distinct_keys, leading, several ? sample.leading_bytes : 0);
  SizeEstimate size = finish(leaves, population.rows, population.distinct_keys, pivot, shape.page_size);
  size.widest_entry = std::max(size.widest_entry, laid.widest_entry);
  for (const SampledRow& row : sample.rows)
    size.widest_entry = std::max(size.widest_entry, static_cast<double>(row.key_bytes) + kTupleHeader);
  set_sample_interval(size, population, sample, laid.rows, leaves.key_bytes, shape.deduplicate);
  return size;
}

SizeEstimate estimate_btree(std::int64_t rows, const std::vector<ColumnStatistics>& columns,
                            const BtreeShape& shape) {
  check(shape);
  const double count = static_cast<double>(std::max<std::int64_t>(rows, 0));
  const CatalogKey key = describe_key(columns, count);
  if (count <= 0) return finish(BtreePages{}, 0, 0, 0, shape.page_size);
  const BtreePages leaves = lay_out_leaves(catalog_groups(key, count), shape);
  const double leading = key.columns > 1 ? distinct_of(columns.front(), count) : 0;
  const double leading_bytes = key.columns > 1 ? end_of_column(0, columns.front()) : 0;
  const double pivot = pivot_size(leaves, key.distinct, leading, leading_bytes);
  SizeEstimate size = finish(leaves, count, key.distinct, pivot, shape.page_size);
  // Correlated columns have fewer combinations, and ANALYZE often takes far too few distinct values.
  const double mean = count / key.distinct;
  const double fewest = bytes_per_row(count, key.tuple_bytes, shape.deduplicate);
  const double likely = bytes_per_row(mean, key.tuple_bytes, shape.deduplicate);
  const double most = bytes_per_row(std::max(1.0, mean / 5), key.tuple_bytes, shape.deduplicate);
  set_interval(size, key.columns > 1 ? 0.8 * fewest / likely : 0.75, std::max(1.25, most / likely));
  return size;
}

std::int64_t hypopg_btree_bytes(double rows, double width, int columns) {
  constexpr double kPage = 8192;
  constexpr double kHeaders = 40;
  constexpr double kBloat = 1.3;
  const double entry = width + align8(12 * columns);
  const double pages = std::max(1.0, std::floor(rows * entry * kBloat / (kPage - kHeaders)));
  return std::llround(pages * kPage);
}

}  // namespace deal::index
