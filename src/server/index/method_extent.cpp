#include "server/index/method_extent.hpp"

#include <algorithm>
#include <cmath>

#include "core/index/gin_size.hpp"
#include "core/index/method_size.hpp"
#include "server/index/method_sample.hpp"

extern "C" {
#include "catalog/pg_am.h"
#include "miscadmin.h"
}

namespace deal::server {

namespace {

constexpr int kMostPairs = 300'000;

index::HashShape hash_shape(const Hypothetical& index, double table_rows) {
  index::HashShape shape;
  shape.table_rows = table_rows;
  shape.fillfactor = index.fillfactor;
  return shape;
}

index::GinShape gin_shape(double rows, double blocks) {
  index::GinShape shape;
  shape.table_rows = rows;
  shape.table_blocks = blocks;
  shape.build_memory = maintenance_work_mem * 1024.0;
  return shape;
}

/// Nulls are not in a hash index.
index::KeySample hash_sample(TableSample& sample, const Hypothetical& index) {
  index::KeySample keys = sample.key_sample(index);
  std::erase_if(keys.rows, [](const index::SampledRow& row) { return row.key_hash == kNullHash; });
  return keys;
}

index::KeyPopulation population_of(const index::KeySample& sample) {
  return index::estimate_population(sample, index::count_keys(sample, index::KeyPart::kWhole));
}

double distinct_of(const index::ColumnStatistics& column, double rows) {
  return column.distinct < 0 ? -column.distinct * rows : column.distinct;
}

index::SizeEstimate gin_from_catalog(const TableSize& table,
                                     const std::vector<index::ColumnStatistics>& columns) {
  // A wide value is taken to hold one key per eight bytes, each in some rows.
  index::KeyPopulation keys;
  for (auto const& column : columns) {
    bool const many = column.varlena && column.average_width > 24;
    double const pairs = table.rows * (many ? column.average_width / 8 : 1);
    double const distinct = many ? std::sqrt(pairs) * 4 : distinct_of(column, table.rows);
    index::KeyPopulation const part =
        index::even_population(pairs, distinct, many ? 16 : column.average_width + 8);
    keys.groups.insert(keys.groups.end(), part.groups.begin(), part.groups.end());
    keys.rows += part.rows;
    keys.distinct_keys += part.distinct_keys;
  }
  return index::estimate_gin(keys, gin_shape(table.rows, table.pages));
}

double width_of(const std::vector<index::ColumnStatistics>& columns) {
  std::vector<index::StoredItem> items;
  items.reserve(columns.size());
  for (auto const& column : columns)
    items.push_back({column.average_width, column.varlena ? 1 : column.alignment});
  return index::laid_out(items);
}

/// Nobody has looked: the interval says so.
index::SizeEstimate doubtful(index::SizeEstimate size) {
  size.low_bytes = std::min(size.low_bytes, size.bytes / 3 / BLCKSZ * BLCKSZ);
  size.high_bytes = std::max(size.high_bytes, size.bytes * 3);
  return size;
}

}  // namespace

index::SizeEstimate estimate_method(TableSample& sample, const Hypothetical& index) {
  switch (index.method) {
    case HASH_AM_OID:
      return index::estimate_hash(population_of(hash_sample(sample, index)),
                                  hash_shape(index, static_cast<double>(sample.table_rows())));
    case GIN_AM_OID: {
      double rows = 0;
      index::KeySample const pairs = gin_sample(sample, index, kMostPairs, rows);
      return index::estimate_gin(population_of(pairs),
                                 gin_shape(rows, static_cast<double>(sample.table_blocks())));
    }
    case BRIN_AM_OID:
      return estimate_brin(sample, index);
    case GIST_AM_OID:
      return estimate_gist(sample, index);
    default:
      return estimate_spgist(sample, index);
  }
}

index::SizeEstimate estimate_from_catalog(const Hypothetical& index, const TableSize& table,
                                          const std::vector<index::ColumnStatistics>& columns) {
  double const rows = table.rows;
  switch (index.method) {
    case HASH_AM_OID:
      return index::estimate_hash(index::even_population(rows, distinct_of(columns[0], rows), 4),
                                  hash_shape(index, rows));
    case GIN_AM_OID:
      return doubtful(gin_from_catalog(table, columns));
    case BRIN_AM_OID: {
      index::BrinShape shape;
      shape.table_pages = table.pages;
      shape.pages_per_range = index.pages_per_range;
      shape.summary_bytes = 2 * width_of(columns);
      return doubtful(index::estimate_brin(shape));
    }
    case GIST_AM_OID: {
      index::GistShape shape;
      shape.rows = rows;
      shape.leaf_bytes = shape.inner_bytes =
          index::align8(8 + static_cast<int>(std::fmax(width_of(columns), 16)));
      return doubtful(index::estimate_gist(shape));
    }
    default: {
      index::SpaceTreeShape shape;
      shape.rows = rows;
      shape.leaf_bytes = width_of(columns);
      return doubtful(index::estimate_spgist(shape));
    }
  }
}

}  // namespace deal::server
