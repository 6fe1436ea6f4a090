/// Checks of the database and the server, and of the review itself.

#include <fmt/format.h>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"

namespace deal::review {

namespace {

constexpr std::string_view kPreloadVerification =
    "select 1 where not exists (select from pg_catalog.pg_settings where name = 'pg_stat_statements.max')";

void fix_by_creating(Finding& finding) {
  finding.fix = {"CREATE EXTENSION pg_stat_statements"};
  finding.rollback = {"DROP EXTENSION pg_stat_statements"};
  finding.lock_level = "none on user tables";
  finding.blocks = "nothing";
  finding.verify =
      "select 1 where not exists (select from pg_catalog.pg_extension where extname = 'pg_stat_statements')";
}

void fix_by_preloading(Finding& finding, const ServerFacts& server) {
  finding.impact =
      "The fix takes effect when the server is restarted; then CREATE EXTENSION "
      "pg_stat_statements.";
  finding.verify = kPreloadVerification;
  finding.lock_level = "none on user tables";
  finding.blocks = "nothing";
  if (!server.preload_known) {
    finding.confidence = 0.9;
    finding.impact +=
        " The caller may not read shared_preload_libraries, so the statement that keeps what is "
        "there already can't be written here; a role with pg_monitor can.";
    return;
  }
  // ALTER SYSTEM takes a list of names, one literal each: a single one with commas would be one name.
  std::string list;
  for (size_t begin = 0; begin < server.preload.size();) {
    size_t end = server.preload.find(',', begin);
    if (end == std::string::npos) end = server.preload.size();
    std::string name = server.preload.substr(begin, end - begin);
    name.erase(0, name.find_first_not_of(" \""));
    name.erase(name.find_last_not_of(" \"") + 1);
    if (!name.empty()) list += quote_literal(name) + ", ";
    begin = end + 1;
  }
  finding.fix = {fmt::format("ALTER SYSTEM SET shared_preload_libraries = {}'pg_stat_statements'", list)};
  finding.rollback = {list.empty() ? "ALTER SYSTEM RESET shared_preload_libraries"
                                   : fmt::format("ALTER SYSTEM SET shared_preload_libraries = {}",
                                                 list.substr(0, list.size() - 2))};
  finding.fix_transactional = false;
}

}  // namespace

void check_statement_statistics(const Check& check, Review& review) {
  const ServerFacts& server = review.catalog.server;
  if (server.statements_loaded && server.statements_created) return;
  if (server.in_recovery && server.statements_loaded) {
    review.findings.push_back(
        skipped(check, review.catalog, "in recovery: extensions are created on the primary"));
    return;
  }
  Finding finding = about_database(check, review.catalog);
  finding.evidence
      .add("loaded", server.statements_loaded ? "yes" : "no", "", "pg_settings: pg_stat_statements.max")
      .add("created", server.statements_created ? "yes" : "no", "", "pg_extension")
      .add("files_installed", server.statements_available ? "yes" : "no", "", "pg_available_extensions");
  if (!server.statements_available)
    finding.impact = "Its files are not on the server: install the package of contributed modules first.";
  else if (!server.statements_loaded)
    fix_by_preloading(finding, server);
  else
    fix_by_creating(finding);
  review.findings.push_back(std::move(finding));
}

void check_coverage(const Check& check, Review& review) {
  auto const& hidden = review.catalog.hidden_schemas;
  if (hidden.empty()) return;
  Finding finding =
      skipped(check, review.catalog,
              fmt::format("{} of the database's schemas were left out: no USAGE on them for role "
                          "{}, which is no member of pg_monitor either",
                          hidden.size(), quote_identifier(review.catalog.server.caller)));
  finding.count = static_cast<int>(hidden.size());
  finding.evidence.add("schemas", quoted_list(hidden), "", "pg_namespace.nspacl");
  review.findings.push_back(std::move(finding));
}

}  // namespace deal::review
