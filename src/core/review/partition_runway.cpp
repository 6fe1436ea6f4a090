/// Check CAP-007: how much time is left until partitions run out.

#include <fmt/format.h>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"
#include "core/review/partition_facts.hpp"

namespace deal::review {

namespace {

constexpr double kDayOnAxis = 86'400e6;
constexpr std::int64_t kFewSteps = 3;  // ahead, where nobody said how many there should be

struct Ahead {
  int position = 0;
  const Table* table = nullptr;
  const PartitionKey* key = nullptr;
  const PartitionSet* set = nullptr;  ///< enabled; or null
  Coverage coverage;
  std::int64_t now = 0;
};

Severity lower(Severity severity) {
  return severity == Severity::info ? severity
                                    : static_cast<Severity>(static_cast<std::uint8_t>(severity) - 1);
}

/// What a set's runway is worth; nothing when it is what was asked for.
std::optional<Severity> severity_of_set(const Ahead& ahead) {
  std::int64_t const wanted = ahead.set->wanted_until;
  if (ahead.coverage.until >= wanted) return std::nullopt;
  std::int64_t const runway = ahead.coverage.until - ahead.now;
  if (!ahead.coverage.holds || runway < ahead.set->step_length) return Severity::critical;
  return runway < (wanted - ahead.now) / 2 ? Severity::high : Severity::medium;
}

/// The same of a table that nobody looks after: one that nothing writes to may be history.
std::optional<Severity> severity_of_table(const Catalog& catalog, const Ahead& ahead) {
  const Coverage& coverage = ahead.coverage;
  if (coverage.until == kAxisEnd || coverage.width == 0) return std::nullopt;
  std::int64_t const runway = coverage.until - ahead.now;
  if (coverage.holds && runway / coverage.width >= kFewSteps) return std::nullopt;
  if (!takes_inserts(catalog, ahead.position)) return Severity::low;
  return !coverage.holds || runway < coverage.width ? Severity::critical : Severity::medium;
}

void add_evidence(Finding& finding, const Ahead& ahead) {
  auto const text = [&](std::int64_t position) { return position_text(ahead.key->axis, position); };
  finding.evidence.add("covered_until", text(ahead.coverage.until), "", "pg_class.relpartbound")
      .add("runway", static_cast<double>(ahead.coverage.until - ahead.now) / kDayOnAxis, "days",
           "pg_class.relpartbound");
  if (ahead.coverage.width > 0)
    finding.evidence.add("step", step_text(ahead.key->axis, ahead.coverage.width), "",
                         "pg_class.relpartbound");
  if (ahead.set == nullptr) return;
  finding.evidence.add("wanted_until", text(ahead.set->wanted_until), "", "deal_advisor.partition_set")
      .add("premake", static_cast<std::int64_t>(ahead.set->premake), "partitions",
           "deal_advisor.partition_set");
}

std::string impact_of(const Ahead& ahead) {
  std::string const from = position_text(ahead.key->axis, ahead.coverage.until);
  if (ahead.coverage.standard == nullptr)
    return fmt::format("Rows from {} on are refused: no partition found for row (23514).", from);
  return fmt::format(
      "Rows from {} on go to the default partition {}, and then keep the partition that they belong to from "
      "being made.",
      from, ahead.coverage.standard->identity);
}

void add_fix(Finding& finding, const Catalog& catalog, const Ahead& ahead) {
  std::string const name = quote_literal(ahead.table->identity);
  finding.fix_transactional = false;
  finding.lock_level = "SHARE UPDATE EXCLUSIVE";
  finding.blocks = ahead.coverage.standard != nullptr
                       ? "reads and writes of the default partition, while it is read"
                       : "nothing";
  if (ahead.set == nullptr) {
    finding.fix = {fmt::format("SELECT deal_advisor.partition_enable({}, {}, {})", name,
                               quote_literal(catalog.column_names(*ahead.table, ahead.key->columns).front()),
                               quote_literal(step_text(ahead.key->axis, ahead.coverage.width)))};
    finding.rollback = {fmt::format("SELECT deal_advisor.partition_disable({})", name)};
  }
  finding.fix.push_back(call_of("partition_maintain", ahead.table->identity));
}

void report(const Check& check, Review& review, const Ahead& ahead, Severity severity) {
  Finding finding = about_table(check, *ahead.table);
  finding.severity = ahead.coverage.standard != nullptr ? lower(severity) : severity;
  finding.stats_since = review.catalog.server.stats_since;
  finding.impact = impact_of(ahead);
  if (severity == Severity::low)
    finding.why +=
        " No partition took a row since the statistics began: if the table is history, accept this finding.";
  add_evidence(finding, ahead);
  add_fix(finding, review.catalog, ahead);
  finding.verify = verified_by_review(check, finding);
  review.findings.push_back(std::move(finding));
}

/// Of sets by number there is no clock: the empty partitions at the end are what is left.
void report_numbers(const Check& check, Review& review, const Table& table, const PartitionSet& set) {
  const Catalog& catalog = review.catalog;
  std::int64_t ready = 0;
  auto const bounds = catalog.bounds_of(table);
  for (auto bound = bounds.rbegin(); bound != bounds.rend(); ++bound) {
    if (bound->is_default || bound->detaching) continue;
    if (bound->to == kAxisEnd) return;
    bool const empty = bound->table >= 0 && !takes_inserts(catalog, bound->table) &&
                       rows_by_statistics(catalog.tables[static_cast<std::size_t>(bound->table)]) == 0;
    if (!empty) break;
    ++ready;
  }
  if (ready >= set.premake) return;
  Finding finding = about_table(check, table);
  if (ready == 0) finding.severity = Severity::critical;
  finding.evidence.add("ready", ready, "partitions without rows", "pg_class.reltuples, pg_stat_all_tables")
      .add("premake", static_cast<std::int64_t>(set.premake), "partitions", "deal_advisor.partition_set");
  finding.stats_since = catalog.server.stats_since;
  finding.impact = "Rows beyond the last partition are refused: no partition found for row (23514).";
  finding.fix = {call_of("partition_maintain", table.identity)};
  finding.fix_transactional = false;
  finding.lock_level = "SHARE UPDATE EXCLUSIVE";
  finding.blocks = "nothing";
  finding.verify = verified_by_review(check, finding);
  review.findings.push_back(std::move(finding));
}

}  // namespace

void check_partition_runway(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  if (!catalog.partition_sets_unknown.empty())
    review.findings.push_back(skipped(check, catalog, catalog.partition_sets_unknown));
  for (auto const& key : catalog.partition_keys) {
    Ahead ahead;
    ahead.position = key.table;
    ahead.table = &catalog.tables[static_cast<std::size_t>(key.table)];
    ahead.key = &key;
    ahead.set = catalog.partition_set(key.table);
    if (ahead.set != nullptr && !ahead.set->enabled) ahead.set = nullptr;
    if (ahead.set != nullptr && !ahead.set->time) report_numbers(check, review, *ahead.table, *ahead.set);
    if (key.axis != PartitionAxis::time) continue;
    ahead.now = now_on_axis(catalog);
    ahead.coverage = coverage_from(catalog, *ahead.table, ahead.now);
    auto const severity = ahead.set != nullptr ? severity_of_set(ahead) : severity_of_table(catalog, ahead);
    if (severity) report(check, review, ahead, *severity);
  }
}

}  // namespace deal::review
