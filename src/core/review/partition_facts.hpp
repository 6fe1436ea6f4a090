/// What the checks of partitioned tables ask of the model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/model/catalog.hpp"

namespace deal::review {

/// The moment of the review on a time axis: microseconds since 2000-01-01 00:00 UTC.
std::int64_t now_on_axis(const Catalog& catalog);

/// A position in words: "2026-03-01 00:00:00+00" of a time axis, else the number; the ends as MINVALUE and
/// MAXVALUE.
std::string position_text(PartitionAxis axis, std::int64_t position);

/// A width in words that partition_enable takes as a step: "1 month", "7 days", "6 hours", "1000000".
std::string step_text(PartitionAxis axis, std::int64_t width);

/// How far a range-partitioned table can be written from a position on.
struct Coverage {
  bool holds = false;  ///< some partition holds the position
  std::int64_t until =
      0;  ///< where the unbroken row of partitions ends; the position itself if none holds it
  std::int64_t width = 0;  ///< of the last bounded partition before that, else of the last one; 0: none
  const PartitionBound* standard = nullptr;  ///< the default partition, if there is one
};
Coverage coverage_from(const Catalog& catalog, const Table& table, std::int64_t position);

/// The default partition of a table; nullptr if it has none.
const PartitionBound* default_partition(const Catalog& catalog, const Table& table);

/// Rows of a table by statistics: reltuples, or what the counters say where that is more or was never set.
double rows_by_statistics(const Table& table);

/// True if some partition, of its own or of a partition's, took rows since the statistics began.
bool takes_inserts(const Catalog& catalog, int table);

/// Leaves in the whole tree below a table, foreign ones too.
int leaves_below(const Catalog& catalog, int table);

/// What stands behind the table's name in an index definition: "USING btree (a)"; empty if it isn't known.
std::string_view definition_tail(const Catalog& catalog, const Index& index);

/// CALL deal_advisor.<procedure>('schema.table').
std::string call_of(std::string_view procedure, const std::string& identity);

}  // namespace deal::review
