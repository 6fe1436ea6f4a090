/// Check IDX-014: indexes that the workload wants.
#include "core/review/missing_index.hpp"

#include <fmt/format.h>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"

namespace deal::review {

namespace {

/// Shares of the workload's cost, in percent.
constexpr double kMuch = 25;
constexpr double kLittle = 1;

Severity severity_of(const Check& check, double benefit_pct) {
  if (benefit_pct >= kMuch) return Severity::high;
  return benefit_pct < kLittle ? Severity::low : check.severity;
}

Finding about_missing(const Check& check, const Catalog& catalog, const Table& table,
                      const MissingIndex& missing) {
  Finding finding = about_table(check, table, {missing.definition});
  finding.severity = severity_of(check, missing.benefit_pct);
  finding.why += " " + missing.why + ".";
  finding.confidence = missing.confidence;
  finding.impact = fmt::format("{:.1f} % of the planner's cost of the workload; {} statement{} would gain.",
                               missing.benefit_pct, missing.statements, missing.statements == 1 ? "" : "s");
  finding.evidence.add("benefit", missing.benefit_pct, "%", "deal_advisor.index_advice")
      .add("workload_cost", missing.cost_today, "planner cost", "deal_advisor.index_advice")
      .add("write_cost", missing.write_cost, "planner cost", "deal_advisor.index_advice")
      .add("index_size", missing.bytes, "bytes, estimated", "deal_advisor.index_size")
      .add("definition", missing.definition, "", "deal_advisor.index_advice");
  add_size(finding.evidence, catalog, table);
  finding.stats_since = catalog.server.stats_since;
  finding.fix = missing.ddl;
  finding.rollback = missing.rollback;
  finding.fix_transactional = false;
  finding.lock_level = "SHARE UPDATE EXCLUSIVE";
  finding.blocks = "nothing";
  finding.est_seconds = scan_seconds(catalog, table);
  if (!missing.index.empty())
    finding.verify =
        fmt::format("select 1 where pg_catalog.to_regclass({}) is null", quote_literal(missing.index));
  return finding;
}

}  // namespace

void check_missing_indexes(const Check& check, Review& review) {
  const Foreseen& foreseen = review.foreseen;
  if (!foreseen.asked) return;
  if (!foreseen.unknown.empty()) {
    review.findings.push_back(skipped(check, review.catalog, foreseen.unknown));
    return;
  }
  for (auto const& missing : foreseen.missing_indexes)
    for (auto const& table : review.catalog.tables)
      if (table.identity == missing.relation)
        review.findings.push_back(about_missing(check, review.catalog, table, missing));
}

}  // namespace deal::review
