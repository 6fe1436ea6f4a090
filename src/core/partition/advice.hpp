/// Which tables should be partitioned, by what, in what steps, and what that brings and costs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/finding.hpp"
#include "core/partition/grid.hpp"

namespace deal::partition {

/// How the workload uses one column. Times are milliseconds in all; of a workload without times, calls.
struct ColumnUse {
  double range_time = 0;   ///< of statements that filter by a range of it
  double range_kept = 0;   ///< the same, weighted with the share of rows that pass
  double equal_time = 0;   ///< of statements that filter by its value
  double delete_time = 0;  ///< of DELETEs by a range of it
  double delete_calls = 0;
  double update_calls = 0;  ///< of UPDATEs that assign it
};

/// One column of a table that may be worth partitioning.
struct AdviceColumn {
  std::string name;
  std::optional<KeyKind> kind;  ///< what a range over it would count; none: no such type
  bool not_null = false;
  bool now_by_default = false;          ///< its default is the present time
  std::optional<double> correlation{};  ///< with the order of the rows, -1 to 1; none: no statistics
  double null_share = 0;
  double distinct = 0;              ///< values; 0: unknown
  double most_common = 0;           ///< share of the rows with its most frequent value
  std::optional<Position> least{};  ///< by statistics
  std::optional<Position> greatest{};
  ColumnUse use{};
};

/// A primary key, unique constraint or unique index.
struct AdviceKey {
  std::string name;
  std::vector<int> columns;  ///< positions in AdviceTable::columns; -1: an expression
};

/// One table, not partitioned yet.
struct AdviceTable {
  std::string schema;
  std::string name;
  std::string identity;    ///< quoted
  std::int64_t bytes = 0;  ///< with indexes and TOAST
  double rows = 0;
  double inserts = 0;  ///< since the statistics began
  double deletes = 0;
  double stats_days = 0;     ///< since they began; 0: unknown
  double workload_time = 0;  ///< of all statements that use it, as ColumnUse; 0: none seen
  std::vector<AdviceColumn> columns;
  std::vector<AdviceKey> keys;
  std::vector<std::string>
      referenced_by;  ///< foreign keys of other tables: "orders_buyer_fkey of shop.orders"
};

struct AdviceOptions {
  std::int64_t min_bytes = 10LL << 30;  ///< smaller tables are fine as they are
};

enum class Method : std::uint8_t { range, list, hash };
std::string_view name_of(Method method);

/// One table that should be partitioned.
struct AdviceRow {
  const AdviceTable* table = nullptr;
  Method method = Method::range;
  std::string column;
  std::string step;                  ///< of range; empty else
  std::int64_t partitions = 0;       ///< of the rows that are there now
  std::int64_t partition_bytes = 0;  ///< of one, on average
  double pruned_pct = 0;             ///< of the workload's time on the table that would skip partitions
  double deleted_pct = 0;            ///< of it that goes into DELETEs by the key, which dropping replaces
  std::int64_t bytes_per_drop = 0;   ///< given back at once by dropping one partition
  double confidence = 0;             ///< 0 to 1
  std::string why;
  std::vector<std::string> benefits;
  std::vector<std::string> costs;     ///< what it takes and what changes
  std::vector<std::string> blockers;  ///< to be solved first
  std::vector<std::string> ddl;       ///< in order, each by itself
  Evidence evidence;
};

/// A step for so many bytes over so long: of hour, day, week, month, quarter and year the one that comes
/// closest to 20 to 500 partitions of 1 to 50 GB; within these limits the one nearest to 8 GB. Nothing for an
/// empty span.
std::optional<Step> step_for(std::int64_t bytes, Microseconds span);

/// Proposals, the most useful first: tables of at least min_bytes that are written in time order or pruned or
/// purged by time (range), purged by a growing number (range), or searched by one column of few or evenly
/// spread values nearly always (list, hash). Pure.
std::vector<AdviceRow> advise(const std::vector<AdviceTable>& tables, const AdviceOptions& options);

}  // namespace deal::partition
