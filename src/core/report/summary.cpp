/// What was found, what to do, and what it brings.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "core/report/report.hpp"

namespace deal::report {

namespace {

constexpr size_t kLargestTables = 10;

std::string count_of(std::int64_t count, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", count, count == 1 ? singular : plural);
}

std::int64_t index_pages(const Catalog& catalog, const Table& table) {
  std::int64_t pages = 0;
  for (auto const& index : catalog.indexes_of(table))
    pages += index.pages;
  return pages;
}

void add_facts(Section& section, const Input& input) {
  const Catalog& catalog = input.catalog;
  std::vector<std::vector<std::string>> rows{
      {"database", catalog.server.database},
      {"server",
       "PostgreSQL " + input.server_version + (catalog.server.in_recovery ? ", a hot standby" : "")},
      {"size", input.database_bytes < 0 ? "not known to this role" : format_bytes(input.database_bytes)},
      {"reviewed",
       fmt::format("{}, {}, {}, {}", count_of(static_cast<int64_t>(catalog.tables.size()), "table", "tables"),
                   count_of(static_cast<int64_t>(catalog.columns.size()), "column", "columns"),
                   count_of(static_cast<int64_t>(catalog.indexes.size()), "index", "indexes"),
                   count_of(static_cast<int64_t>(catalog.constraints.size()), "constraint", "constraints"))},
      {"statistics since", input.stats_since.empty() ? "not known" : input.stats_since},
  };
  rows.reserve(rows.size() + input.settings.size());
  for (auto const& [name, value] : input.settings)
    rows.push_back({name, value});
  section.table({"fact", "value"}, std::move(rows));
}

void add_counts(Section& section, const Input& input) {
  std::map<Severity, int, std::greater<>> open;
  int accepted = 0;
  std::vector<std::string> skipped;
  for (auto const& finding : input.findings) {
    if (finding.status == Status::open) ++open[finding.severity];
    if (finding.status == Status::accepted) ++accepted;
    if (finding.status == Status::skipped)
      skipped.push_back(fmt::format("{} {}: {}", finding.check_id, finding.title, finding.skip_reason));
  }
  std::vector<std::vector<std::string>> rows;
  rows.reserve(open.size());
  for (auto const& [severity, count] : open)
    rows.push_back({std::string(severity_name(severity)), std::to_string(count)});
  if (rows.empty())
    section.paragraph("No open finding.");
  else
    section.table({"severity", "open findings"}, std::move(rows));
  if (accepted > 0)
    section.paragraph(count_of(accepted, "finding is", "findings are") + " accepted and not repeated here.");
  if (skipped.empty()) return;
  section.paragraph("Not looked at:");
  section.list(std::move(skipped));
}

void add_largest(Section& section, const Catalog& catalog) {
  std::vector<const Table*> tables;
  for (auto const& table : catalog.tables)
    if (table.pages > 0) tables.push_back(&table);
  std::stable_sort(tables.begin(), tables.end(),
                   [](const Table* a, const Table* b) { return a->pages > b->pages; });
  if (tables.size() > kLargestTables) tables.resize(kLargestTables);
  if (tables.empty()) return;
  std::vector<std::vector<std::string>> rows;
  rows.reserve(tables.size());
  for (const Table* const table : tables)
    rows.push_back({table->identity, table->rows < 0 ? "not counted" : fmt::format("{:.0f}", table->rows),
                    format_bytes(catalog.bytes(table->pages)),
                    format_bytes(catalog.bytes(index_pages(catalog, *table)))});
  section.paragraph("Largest tables, as of their last VACUUM or ANALYZE:");
  section.table({"table", "rows", "table size", "index size"}, std::move(rows));
}

}  // namespace

Section analysis_summary(const Input& input) {
  Section section{"Analysis Summary", {}};
  add_facts(section, input);
  add_counts(section, input);
  add_largest(section, input.catalog);
  return section;
}

Section proposed_solution(const Input& input) {
  Section section{"Proposed Solution", {}};
  std::vector<std::string> items;
  int left_out = 0;
  for (auto const& finding : input.findings) {
    if (finding.status != Status::open) continue;
    if (static_cast<int>(items.size()) >= input.max_items) {
      ++left_out;
      continue;
    }
    items.push_back(fmt::format("{} ({}), {}: {}. {}{}{}", finding.check_id, severity_name(finding.severity),
                                finding.object, finding.title, finding.why, finding.impact.empty() ? "" : " ",
                                finding.impact));
  }
  if (items.empty()) section.paragraph("The checks found nothing to change.");
  section.list(std::move(items));
  if (left_out > 0)
    section.paragraph(fmt::format("And {} more: deal_advisor.findings_detail() lists all.", left_out));
  if (input.advice.empty()) {
    section.paragraph("No index is proposed: " + missing_advice(input));
    return section;
  }
  section.paragraph("Indexes for the observed workload:");
  std::vector<std::string> advice;
  for (auto const& row : input.advice)
    advice.push_back(fmt::format("{}. {} {} on {} ({}, {:.1f} % of the workload's cost): {}", row.rank,
                                 row.action, row.index_name, row.relation, format_bytes(row.bytes),
                                 row.benefit_pct, row.why));
  section.list(std::move(advice));
  return section;
}

Section performance_impact(const Input& input) {
  Section section{"Performance Impact", {}};
  std::int64_t freed = 0;
  for (auto const& finding : input.findings)
    if (finding.status == Status::open) freed += finding.freed_bytes;
  if (freed > 0)
    section.paragraph(
        fmt::format("Dropping the indexes that the findings name gives back {}, and saves their part of "
                    "every write.",
                    format_bytes(freed)));
  if (input.advice.empty()) {
    section.paragraph("What the workload would gain is not known: " + missing_advice(input));
    return section;
  }
  double const before = input.advice.front().cost_before;
  double const after = input.advice.back().cost_after;
  section.paragraph(
      fmt::format("The planner's cost of the observed workload goes from {:.0f} to {:.0f}{}.", before, after,
                  before > 0 ? fmt::format(" ({:.1f} % less)", 100 * (before - after) / before) : ""));
  std::vector<std::vector<std::string>> rows;
  for (auto const& row : input.advice)
    rows.push_back({std::to_string(row.rank), row.action, row.index_name, format_bytes(row.bytes),
                    fmt::format("{:.1f} %", row.benefit_pct), fmt::format("{:.0f}", row.cost_after)});
  section.table({"rank", "action", "index", "size", "gain", "cost after"}, std::move(rows));
  return section;
}

std::string missing_advice(const Input& input) {
  return input.no_advice.empty() ? "deal_advisor.index_advice() found no index that would pay."
                                 : input.no_advice;
}

Document compose(const Input& input) {
  Document document{"Database review: " + input.catalog.server.database, {}};
  for (auto const section :
       {analysis_summary, proposed_solution, implementation_steps, performance_impact, migration_plan,
        monitoring_setup, rollback_strategy, code_examples, testing_approach, documentation})
    document.sections.push_back(section(input));
  return document;
}

}  // namespace deal::report
