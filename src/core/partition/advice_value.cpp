/// Partitioning by the value of a column, and what every way of partitioning costs.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "core/partition/advice_choice.hpp"

namespace deal::partition {

namespace {

constexpr double kNearlyAlways = 0.8;  // of the time: the value is given
constexpr double kListValues = 50;     // a partition for each
constexpr double kMostUneven = 0.5;    // share of one value: more, and one partition holds the table
constexpr double kHashLeaf = 10.0 * (1 << 30);
constexpr unsigned kFewestHashes = 4;
constexpr unsigned kMostHashes = 128;
constexpr double kPlanningMs = 0.02;  // for each partition that can't be left out, with its indexes

std::string column_list(const AdviceTable& table, const AdviceKey& key) {
  std::vector<std::string> names;
  for (int const column : key.columns)
    names.push_back(column >= 0 ? table.columns[static_cast<std::size_t>(column)].name : "expression");
  std::string list;
  for (auto const& name : names)
    list += (list.empty() ? "" : ", ") + quote_identifier(name);
  return list;
}

/// The partitioned twin, made by hand: rows of the old table don't lie by value, so they must be copied.
void add_statements(AdviceRow& row, const AdviceTable& table) {
  std::string const twin = quote_qualified(table.schema, fitting_name(table.name, "_parts"));
  row.ddl = {fmt::format(
      "CREATE TABLE {} (LIKE {} INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY) PARTITION BY "
      "{} ({})",
      twin, table.identity, row.method == Method::list ? "LIST" : "HASH", quote_identifier(row.column))};
  if (row.method == Method::list) {
    row.ddl.push_back(fmt::format("CREATE TABLE {} PARTITION OF {} DEFAULT",
                                  quote_qualified(table.schema, fitting_name(table.name, "_parts_default")),
                                  twin));
    return;
  }
  for (std::int64_t i = 0; i < row.partitions; ++i)
    row.ddl.push_back(
        fmt::format("CREATE TABLE {} PARTITION OF {} FOR VALUES WITH (modulus {}, remainder {})",
                    quote_qualified(table.schema, fitting_name(table.name, fmt::format("_parts_{}", i))),
                    twin, row.partitions, i));
}

}  // namespace

void add_key_costs(AdviceRow& row, const AdviceTable& table, std::size_t column) {
  for (auto const& key : table.keys) {
    if (std::find(key.columns.begin(), key.columns.end(), static_cast<int>(column)) != key.columns.end())
      continue;
    std::string const list = column_list(table, key);
    row.costs.push_back(fmt::format(
        "{} ({}) lacks the column: over all partitions only ({}, {}) can be unique, ({}) in each partition.",
        quote_identifier(key.name), list, list, quote_identifier(table.columns[column].name), list));
  }
  for (auto const& name : table.referenced_by)
    row.blockers.push_back(
        fmt::format("Foreign key {} refers to a key that can't be unique over partitions: drop it, or let it "
                    "refer to ({} and its "
                    "columns).",
                    name, quote_identifier(table.columns[column].name)));
  if (!row.blockers.empty()) row.confidence *= 0.6;
  if (!table.columns[column].not_null)
    row.costs.push_back(fmt::format("{} must become NOT NULL; {:.1f} % of the rows have none now.",
                                    quote_identifier(table.columns[column].name),
                                    100 * table.columns[column].null_share));
  if (table.columns[column].use.update_calls > 0)
    row.costs.push_back("UPDATEs that change the column to another partition's value move the row.");
}

void add_planning_cost(AdviceRow& row) {
  row.costs.push_back(fmt::format(
      "A statement that no partition can be left out of plans and locks {}: about {:.1f} ms more, each time.",
      row.partitions, kPlanningMs * static_cast<double>(row.partitions)));
}

std::optional<AdviceRow> by_value(const AdviceTable& table) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const AdviceColumn& column = table.columns[i];
    bool const unique = std::any_of(table.keys.begin(), table.keys.end(), [&](const AdviceKey& key) {
      return key.columns == std::vector<int>{static_cast<int>(i)};
    });
    if (unique || column.distinct < 2 || column.most_common > kMostUneven || column.null_share > 0) continue;
    if (column.use.equal_time < kNearlyAlways * table.workload_time || table.workload_time <= 0) continue;
    if (!best || column.use.equal_time > table.columns[*best].use.equal_time) best = i;
  }
  if (!best) return std::nullopt;
  const AdviceColumn& column = table.columns[*best];
  AdviceRow row;
  row.table = &table;
  row.column = column.name;
  row.method = column.distinct <= kListValues ? Method::list : Method::hash;
  row.confidence = 0.4;
  auto const wanted = static_cast<unsigned>(std::ceil(static_cast<double>(table.bytes) / kHashLeaf));
  row.partitions = row.method == Method::list ? static_cast<std::int64_t>(column.distinct)
                                              : std::clamp(std::bit_ceil(wanted), kFewestHashes, kMostHashes);
  row.partition_bytes = table.bytes / row.partitions;
  row.pruned_pct = 100 * std::min(1.0, column.use.equal_time / table.workload_time);
  row.bytes_per_drop = row.method == Method::list ? row.partition_bytes : 0;
  row.why = fmt::format(
      "{:.0f} % of the time spent on {} goes into statements that give the value of {}, which has "
      "{:.0f} values; no column of time is fit for a range",
      row.pruned_pct, table.identity, quote_identifier(column.name), column.distinct);
  row.benefits.push_back(
      fmt::format("Each of these statements, VACUUM and index builds work on about {} instead of {}.",
                  format_bytes(row.partition_bytes), format_bytes(table.bytes)));
  if (row.method == Method::list)
    row.benefits.emplace_back("A value that goes away as a whole, such as a tenant, is dropped at once.");
  else
    row.costs.emplace_back("The number of partitions can't be changed later without copying the rows.");
  row.costs.emplace_back(
      "The rows must be copied: the statements make the empty twin; copy in batches, then rename.");
  add_key_costs(row, table, *best);
  add_planning_cost(row);
  add_statements(row, table);
  row.evidence.add("distinct", column.distinct, "values", "pg_stats.n_distinct")
      .add("most_common", column.most_common, "share", "pg_stats.most_common_freqs");
  return row;
}

}  // namespace deal::partition
