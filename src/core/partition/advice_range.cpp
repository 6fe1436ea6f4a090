/// Partitioning by range of time, or of a number that grows with it.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "core/partition/advice_choice.hpp"

namespace deal::partition {

namespace {

constexpr double kInOrder = 0.9;       // correlation: rows of one time lie together
constexpr double kEnough = 0.5;        // points; see points_of
constexpr double kMostNulls = 0.001;   // share; a key column can't be null
constexpr double kOftenUpdated = 0.1;  // updates of the column for each row inserted
constexpr double kLeafBytes = 8.0 * (1 << 30);

bool holds(std::string_view name, std::string_view part) {
  return name.find(part) != std::string_view::npos;
}

bool named_like_creation(std::string_view name) {
  constexpr std::array<std::string_view, 11> kParts{"creat", "insert", "observ", "record", "occur", "logged",
                                                    "event", "happen", "receiv", "measur", "sent"};
  constexpr std::array<std::string_view, 5> kNames{"at", "ts", "time", "timestamp", "date"};
  return std::any_of(kParts.begin(), kParts.end(), [&](auto part) { return holds(name, part); }) ||
         std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool named_like_change(std::string_view name) {
  constexpr std::array<std::string_view, 8> kParts{"updat", "modif", "chang", "last",
                                                   "expir", "delet", "seen",  "due"};
  return std::any_of(kParts.begin(), kParts.end(), [&](auto part) { return holds(name, part); });
}

double share(double part, double whole) {
  return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0;
}

/// How much speaks for a column, about 0 to 1; each point is said in `why`.
double points_of(const AdviceTable& table, const AdviceColumn& column, std::string& why) {
  double points = 0;
  auto const count = [&](double what, std::string_view reason) {
    points += what;
    if (what <= 0) return;
    if (!why.empty()) why += ", ";
    why += reason;
  };
  double const purged = share(column.use.delete_time, table.workload_time);
  if (column.use.delete_calls > 0)
    count(0.4,
          fmt::format("old rows are deleted by it ({:.0f} calls, {:.1f} % of the time spent on the table)",
                      column.use.delete_calls, 100 * purged));
  if (column.correlation && std::abs(*column.correlation) >= kInOrder)
    count(0.35, fmt::format("rows are written in its order (correlation {:.2f})", *column.correlation));
  if (column.now_by_default) count(0.2, "its default is the present time");
  double const ranged = share(column.use.range_time, table.workload_time);
  if (ranged > 0)
    count(
        0.1 + 0.2 * ranged,
        fmt::format("{:.0f} % of the time goes into statements that filter by a range of it", 100 * ranged));
  if (named_like_creation(column.name)) count(0.1, "its name says when a row came");
  if (named_like_change(column.name)) count(-0.4, "");
  if (table.inserts > 0 && column.use.update_calls > kOftenUpdated * table.inserts) count(-0.5, "");
  if (column.null_share > kMostNulls) count(-0.5, "");
  return points;
}

struct Choice {
  std::size_t column;
  double points;
  std::string why;
};

std::optional<Choice> best_column(const AdviceTable& table) {
  std::optional<Choice> best;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const AdviceColumn& column = table.columns[i];
    if (!column.kind) continue;
    // A number tells nothing of time: that old rows are deleted by it does.
    if (!is_time(*column.kind) && column.use.delete_calls == 0) continue;
    Choice choice{i, 0, {}};
    choice.points = points_of(table, column, choice.why);
    if (choice.points >= kEnough && (!best || choice.points > best->points)) best = std::move(choice);
  }
  return best;
}

/// 1, 2 or 5 times a power of ten near the number.
std::int64_t round_number(double number) {
  double const power = std::pow(10, std::floor(std::log10(std::max(number, 1.0))));
  double const lead = number / power;
  return static_cast<std::int64_t>(power) * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

std::optional<double> span_of(const AdviceColumn& column) {
  if (!column.least || !column.greatest || *column.greatest <= *column.least) return std::nullopt;
  return static_cast<double>(*column.greatest) - static_cast<double>(*column.least);
}

/// The time that the rows cover: by the column's statistics, else by how fast rows come.
std::optional<double> covered_time(const AdviceTable& table, const AdviceColumn& column) {
  if (auto const span = span_of(column)) return span;
  if (table.inserts <= 0 || table.stats_days <= 0) return std::nullopt;
  return table.rows / (table.inserts / table.stats_days) * static_cast<double>(kDay);
}

void set_step(AdviceRow& row, const AdviceTable& table, const AdviceColumn& column) {
  double count = 1;
  if (is_time(*column.kind)) {
    auto const span = covered_time(table, column);
    Step const step = span ? step_for(table.bytes, static_cast<Microseconds>(*span)).value_or(Step{1, 0, 0})
                           : Step{1, 0, 0};
    row.step = to_string(*column.kind, step);
    double const width = static_cast<double>(step.months) * 30.44 * static_cast<double>(kDay) +
                         static_cast<double>(step.days) * static_cast<double>(kDay) +
                         static_cast<double>(step.units);
    if (span) count = std::ceil(*span / width);
    if (!span) {
      row.confidence *= 0.7;
      row.costs.emplace_back(
          "How much time the rows cover is not known (no statistics that you may read), so the "
          "step is a guess.");
    }
    row.evidence.add("span", span ? *span / static_cast<double>(kDay) : 0, "days",
                     span_of(column) ? "pg_stats.histogram_bounds" : "pg_stat_all_tables.n_tup_ins");
  } else {
    double const keys_per_row = span_of(column) ? *span_of(column) / table.rows : 1;
    std::int64_t const keys =
        round_number(kLeafBytes / (static_cast<double>(table.bytes) / table.rows) * keys_per_row);
    row.step = fmt::format("{}", keys);
    count = std::ceil(table.rows * keys_per_row / static_cast<double>(keys));
  }
  row.partitions = static_cast<std::int64_t>(std::max(count, 1.0));
  row.partition_bytes = table.bytes / row.partitions;
}

void add_benefits(AdviceRow& row, const AdviceTable& table, const AdviceColumn& column) {
  row.pruned_pct =
      100 * share(std::max(column.use.range_time + column.use.equal_time, column.use.delete_time),
                  table.workload_time);
  row.deleted_pct = 100 * share(column.use.delete_time, table.workload_time);
  row.bytes_per_drop = row.partition_bytes;
  if (column.use.delete_calls > 0)
    row.benefits.push_back(
        fmt::format("Dropping a partition gives back {} in milliseconds; the DELETEs that it replaces take "
                    "{:.1f} % of the time "
                    "spent on the table, and leave dead rows to VACUUM.",
                    format_bytes(row.bytes_per_drop), row.deleted_pct));
  if (column.use.range_time > 0) {
    double const kept = share(column.use.range_kept, column.use.range_time);
    row.benefits.push_back(
        fmt::format("{:.0f} % of the time goes into statements that partitions can be left out of; they keep "
                    "about {:.1f} % of the rows, by the planner's guess.",
                    row.pruned_pct, 100 * kept));
  }
  row.benefits.push_back(fmt::format(
      "VACUUM, ANALYZE and index builds work on {} at a time instead of {}, and indexes of the newest "
      "partition stay in memory.",
      format_bytes(row.partition_bytes), format_bytes(table.bytes)));
}

void add_statements(AdviceRow& row, const AdviceTable& table) {
  std::string const arguments = fmt::format("{}, {}, {}", quote_literal(table.identity),
                                            quote_literal(row.column), quote_literal(row.step));
  row.ddl = {fmt::format("SELECT * FROM deal_advisor.partition_convert_plan({})", arguments),
             fmt::format("CALL deal_advisor.partition_convert({})", arguments)};
  if (row.deleted_pct > 0)
    row.costs.push_back(
        "Once partition_enable is called again with retention => '...', maintenance drops old partitions: "
        "take the "
        "DELETEs out of the application then.");
}

}  // namespace

std::optional<AdviceRow> by_range(const AdviceTable& table) {
  auto const choice = best_column(table);
  if (!choice) return std::nullopt;
  const AdviceColumn& column = table.columns[choice->column];
  AdviceRow row;
  row.table = &table;
  row.method = Method::range;
  row.column = column.name;
  row.confidence = std::min(0.95, 0.4 + 0.5 * choice->points);
  if (!column.correlation) row.confidence *= 0.8;
  set_step(row, table, column);
  row.why = fmt::format("{}, to be split by {}: {}", format_bytes(table.bytes), quote_identifier(column.name),
                        choice->why);
  add_benefits(row, table, column);
  add_key_costs(row, table, choice->column);
  add_planning_cost(row);
  add_statements(row, table);
  if (column.correlation) row.evidence.add("correlation", *column.correlation, "", "pg_stats.correlation");
  row.evidence.add("points", choice->points, "of about 1", "deal_advisor");
  return row;
}

}  // namespace deal::partition
