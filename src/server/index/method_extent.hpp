/// Sizes of hypothetical indexes other than B-tree.
#pragma once

#include "server/index/table_sample.hpp"

namespace deal::server {

/// Estimates from a sample of the index's table; the caller has checked that it may be read.
index::SizeEstimate estimate_method(TableSample& sample, const Hypothetical& index);

/// Rows and pages of a table.
struct TableSize {
  double rows;
  double pages;
};

/// Estimates from the statistics of the index's columns alone: how many keys a value has and how full pages
/// get are then assumed.
index::SizeEstimate estimate_from_catalog(const Hypothetical& index, const TableSize& table,
                                          const std::vector<index::ColumnStatistics>& columns);

}  // namespace deal::server
