/// Watching, calling, and reading on.

#include <fmt/format.h>

#include <array>
#include <set>

#include "core/base/quote.hpp"
#include "core/report/diagram.hpp"
#include "core/report/report.hpp"

namespace deal::report {

namespace {

constexpr int kDiagramTables = 60;

constexpr std::string_view kProgress =
    "-- index builds under way\n"
    "select pid, relid::regclass as table, phase, blocks_done, blocks_total\n"
    "from pg_catalog.pg_stat_progress_create_index;\n";

constexpr std::string_view kWaiting =
    "-- who waits for whom\n"
    "select pid, pg_catalog.pg_blocking_pids(pid) as blocked_by, wait_event, left(query, 60) as query\n"
    "from pg_catalog.pg_stat_activity where cardinality(pg_catalog.pg_blocking_pids(pid)) > 0;\n";

constexpr std::string_view kIndexUse =
    "-- are the indexes used, and what do they cost\n"
    "select schemaname, relname, indexrelname, idx_scan,\n"
    "  pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(indexrelid)) as size\n"
    "from pg_catalog.pg_stat_user_indexes\n"
    "order by idx_scan, pg_catalog.pg_relation_size(indexrelid) desc limit 20;\n";

constexpr std::string_view kDeadRows =
    "-- dead rows and the last vacuum\n"
    "select schemaname, relname, n_dead_tup, n_live_tup, last_autovacuum, last_autoanalyze\n"
    "from pg_catalog.pg_stat_user_tables order by n_dead_tup desc limit 20;\n";

}  // namespace

Section monitoring_setup(const Input& input) {
  Section section{"Monitoring Setup", {}};
  section.paragraph("While the steps run, and in the days after:");
  section.code("sql", fmt::format("{}\n{}\n{}\n{}", kProgress, kWaiting, kIndexUse, kDeadRows));
  if (input.catalog.server.statements_loaded && input.catalog.server.statements_created)
    section.paragraph(
        "Compare the statements that matter before and after with deal_advisor.workload(), which reads "
        "pg_stat_statements.");
  else
    section.paragraph(
        "Statement times can't be compared before and after: pg_stat_statements is not in use here "
        "(finding SRV-018).");
  return section;
}

Section code_examples(const Input& input) {
  Section section{"Code Examples", {}};
  std::string text =
      "-- what was found, and everything about one finding\n"
      "select * from deal_advisor.findings() where severity >= 'medium';\n";
  auto const list = fixable(input);
  if (!list.empty()) {
    std::string const key = list.front()->fingerprint;
    text += fmt::format(
        "select why, evidence, fix, rollback from deal_advisor.findings_detail()\n"
        "where fingerprint = '{}';\n\n"
        "-- run its fix, or say why it may stay\n"
        "call deal_advisor.findings_apply(array['{}']);\n"
        "select deal_advisor.findings_accept('{}', 'the reason', now() + interval '90 days');\n",
        key, key, key);
  }
  text +=
      "\n-- what would an index do, without building it\n"
      "select cost_before, cost_after from deal_advisor.index_what_if(\n"
      "  'select ...', array['create index on ...']);\n"
      "\n-- every function, with an example\n"
      "select * from deal_advisor.help();\n";
  section.code("sql", std::move(text));
  return section;
}

Section documentation(const Input& input) {
  Section section{"Documentation", {}};
  Diagram const diagram = entity_diagram(input.catalog, kDiagramTables);
  if (diagram.text.empty()) {
    section.paragraph("No diagram: no table reviewed has a foreign key to another one reviewed.");
  } else {
    section.paragraph(fmt::format(
        "How {} tables refer to each other (Mermaid; key columns only){}:", diagram.tables,
        diagram.left_out > 0 ? fmt::format("; {} less connected ones are left out", diagram.left_out) : ""));
    section.code("mermaid", diagram.text);
  }
  std::set<std::string> seen;
  std::vector<std::vector<std::string>> rows;
  for (auto const& finding : input.findings)
    if (seen.insert(finding.check_id).second) rows.push_back({finding.check_id, finding.title, finding.doc});
  if (!rows.empty()) {
    section.paragraph("The checks that had something to say are explained in:");
    section.table({"check", "title", "page"}, std::move(rows));
  }
  return section;
}

}  // namespace deal::report
