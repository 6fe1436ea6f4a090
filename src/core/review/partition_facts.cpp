#include "core/review/partition_facts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/partition/calendar.hpp"
#include "core/partition/key.hpp"

namespace deal::review {

namespace {

using partition::kDay;
using partition::kSecond;

constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

std::string moment_text(std::int64_t position) {
  partition::Moment const at = partition::moment_of(position);
  std::int64_t const seconds = at.time / kSecond;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}+00", at.date.year, at.date.month, at.date.day,
                     seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string counted(std::int64_t count, std::string_view unit) {
  return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
}

/// Months and years have no fixed width.
std::string calendar_text(std::int64_t days) {
  if (days >= 28 && days <= 31) return "1 month";
  if (days >= 89 && days <= 92) return "3 months";
  if (days == 365 || days == 366) return "1 year";
  return counted(days, "day");
}

}  // namespace

std::int64_t now_on_axis(const Catalog& catalog) {
  return catalog.server.now + partition::kUnixEpoch;
}

std::string position_text(PartitionAxis axis, std::int64_t position) {
  if (position == kAxisBegin) return "MINVALUE";
  if (position == kAxisEnd) return "MAXVALUE";
  return axis == PartitionAxis::time ? moment_text(position) : fmt::format("{}", position);
}

std::string step_text(PartitionAxis axis, std::int64_t width) {
  if (axis != PartitionAxis::time) return fmt::format("{}", width);
  // A month or day in which clocks change is an hour longer or shorter.
  if (width > 27 * kDay || (width >= 23 * kHour && width <= 25 * kHour))
    return calendar_text((width + 12 * kHour) / kDay);
  if (width % kDay == 0) return calendar_text(width / kDay);
  if (width % kHour == 0) return counted(width / kHour, "hour");
  return counted(std::max<std::int64_t>(1, width / kMinute), "minute");
}

const PartitionBound* default_partition(const Catalog& catalog, const Table& table) {
  auto const bounds = catalog.bounds_of(table);
  return !bounds.empty() && bounds.back().is_default ? &bounds.back() : nullptr;
}

Coverage coverage_from(const Catalog& catalog, const Table& table, std::int64_t position) {
  Coverage coverage;
  coverage.until = position;
  coverage.standard = default_partition(catalog, table);
  for (auto const& bound : catalog.bounds_of(table)) {
    if (bound.is_default || bound.detaching) continue;
    bool const next = bound.from <= coverage.until && bound.to > coverage.until;
    bool const bounded = bound.from != kAxisBegin && bound.to != kAxisEnd;
    if (bounded && (next || !coverage.holds)) coverage.width = bound.to - bound.from;
    if (!next) continue;
    coverage.holds = true;
    coverage.until = bound.to;
  }
  return coverage;
}

double rows_by_statistics(const Table& table) {
  return std::max({table.rows, table.live, 0.0});
}

bool takes_inserts(const Catalog& catalog, int table) {
  auto const parts = catalog.partitions_of(table);
  return catalog.tables[static_cast<std::size_t>(table)].inserts > 0 ||
         std::any_of(parts.begin(), parts.end(), [&](int part) { return takes_inserts(catalog, part); });
}

int leaves_below(const Catalog& catalog, int table) {
  int leaves = 0;
  for (auto const& bound : catalog.bounds_of(catalog.tables[static_cast<std::size_t>(table)])) {
    bool const deeper = bound.table >= 0 &&
                        catalog.tables[static_cast<std::size_t>(bound.table)].kind == TableKind::partitioned;
    leaves += deeper ? leaves_below(catalog, bound.table) : 1;
  }
  return leaves;
}

std::string_view definition_tail(const Catalog& catalog, const Index& index) {
  std::string const& identity = catalog.tables[static_cast<std::size_t>(index.table)].identity;
  std::string_view const definition = index.definition;
  for (auto const* const on : {" ON ", " ON ONLY "}) {
    std::string const head = fmt::format("{}{}{} ", quote_identifier(index.name), on, identity);
    if (auto const place = definition.find(head); place != std::string_view::npos)
      return definition.substr(place + head.size());
  }
  return {};
}

std::string call_of(std::string_view procedure, const std::string& identity) {
  return fmt::format("CALL deal_advisor.{}({})", procedure, quote_literal(identity));
}

}  // namespace deal::review
