/// Checks of partitions beside their parent: detaches left half done, rights, statistics.

#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"
#include "core/review/partition_facts.hpp"

namespace deal::review {

namespace {

constexpr double kSmallTree = 10'000;  // rows: any guess of the planner is good enough
constexpr double kStale = 1.5;         // times the rows that the parent's statistics know
constexpr int kAnalyzeOnly = 180'000;  // PostgreSQL 18 can leave the partitions out

const Table& table_at(const Catalog& catalog, int position) {
  return catalog.tables[static_cast<std::size_t>(position)];
}

const std::vector<std::string>* beyond_parent(const Catalog& catalog, int table) {
  auto const& all = catalog.leaf_privileges;
  auto const found =
      std::lower_bound(all.begin(), all.end(), table,
                       [](const LeafPrivileges& one, int number) { return one.table < number; });
  return found != all.end() && found->table == table ? &found->beyond_parent : nullptr;
}

/// Takes rights away that the parent doesn't give, and gives them back in the rollback.
void fix_privileges(Finding& finding, const Table& leaf, const std::vector<std::string>& beyond) {
  for (auto const& right : beyond) {
    auto const blank = right.find(' ');
    std::string const privilege = right.substr(0, blank);
    std::string const role = right.substr(blank + 1);
    finding.fix.push_back(fmt::format("REVOKE {} ON {} FROM {}", privilege, leaf.identity, role));
    finding.rollback.push_back(fmt::format("GRANT {} ON {} TO {}", privilege, leaf.identity, role));
  }
}

/// Without policies of its own, nobody but the owner reads past the parent.
void fix_row_security(Finding& finding, const Table& parent, const Table& leaf) {
  bool const enable = !leaf.row_security;
  bool const force = parent.force_row_security && !leaf.force_row_security;
  auto const actions = [&](std::string_view on, std::string_view off) {
    return fmt::format("ALTER TABLE {} {}{}{}", leaf.identity, enable ? on : "", enable && force ? ", " : "",
                       force ? off : "");
  };
  finding.fix.push_back(actions("ENABLE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"));
  finding.rollback.push_back(actions("DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"));
  finding.lock_level = "ACCESS EXCLUSIVE";
  finding.blocks = "reads and writes of the partition, for a moment";
}

struct Weakness {
  int leaf;
  const std::vector<std::string>* beyond;  ///< or null
  bool past_policies;
};

std::vector<Weakness> weaknesses_of(const Catalog& catalog, const Table& parent) {
  std::vector<Weakness> weak;
  for (auto const& bound : catalog.bounds_of(parent)) {
    if (bound.table < 0) continue;
    const Table& leaf = table_at(catalog, bound.table);
    bool const open = parent.row_security && !leaf.row_security && leaf.granted;
    bool const unforced = parent.force_row_security && !leaf.force_row_security && leaf.granted;
    Weakness const one{bound.table, beyond_parent(catalog, bound.table), open || unforced};
    if (one.beyond != nullptr || one.past_policies) weak.push_back(one);
  }
  return weak;
}

void report_weakness(const Check& check, Review& review, const Table& parent,
                     const std::vector<Weakness>& weak) {
  Finding finding = about_table(check, parent);
  std::int64_t policies = 0;
  std::string example;
  finding.lock_level = "none on the table";
  finding.blocks = "nothing";
  for (auto const& one : weak) {
    const Table& leaf = table_at(review.catalog, one.leaf);
    if (one.beyond != nullptr) {
      fix_privileges(finding, leaf, *one.beyond);
      if (example.empty()) example = fmt::format("{} on {}", one.beyond->front(), leaf.identity);
    }
    if (!one.past_policies) continue;
    ++policies;
    fix_row_security(finding, parent, leaf);
    if (example.empty()) example = fmt::format("no row security on {}", leaf.identity);
  }
  if (policies == 0) finding.severity = Severity::medium;
  finding.count = static_cast<int>(weak.size());
  finding.evidence.add("partitions", static_cast<std::int64_t>(weak.size()), "", "pg_class.relacl")
      .add("past_row_security", policies, "partitions", "pg_class.relrowsecurity")
      .add("example", example, "", "pg_class.relacl, pg_class.relrowsecurity");
  finding.impact =
      "Whoever names a partition reads and writes it with the partition's own rights and policies. "
      "Statements "
      "that name the parent don't need rights on partitions.";
  finding.verify = verified_by_review(check, finding);
  review.findings.push_back(std::move(finding));
}

}  // namespace

void check_pending_detach(const Check& check, Review& review) {
  for (auto const& bound : review.catalog.partition_bounds) {
    if (!bound.detaching) continue;
    const Table& parent = table_at(review.catalog, bound.parent);
    Finding finding = about_table(check, parent, {bound.identity});
    finding.evidence.add("partition", bound.identity, "", "pg_inherits.inhdetachpending")
        .add("bounds", bound.bounds, "", "pg_class.relpartbound");
    finding.confidence = 0.9;  // one that runs just now looks the same
    finding.impact =
        "Its rows are not seen through the parent, its range can't be given to another partition, and it "
        "can't "
        "be dropped.";
    finding.fix = {
        fmt::format("ALTER TABLE {} DETACH PARTITION {} FINALIZE", parent.identity, bound.identity)};
    finding.fix_transactional = false;
    finding.lock_level = "SHARE UPDATE EXCLUSIVE";
    finding.blocks = "reads and writes of the partition, for a moment";
    finding.rollback = {
        fmt::format("ALTER TABLE {} ATTACH PARTITION {} {}", parent.identity, bound.identity, bound.bounds)};
    finding.verify = fmt::format(
        "select 1 from pg_catalog.pg_inherits where inhrelid = pg_catalog.to_regclass({}) and "
        "inhdetachpending",
        quote_literal(bound.identity));
    review.findings.push_back(std::move(finding));
  }
}

void check_leaf_rights(const Check& check, Review& review) {
  for (auto const& key : review.catalog.partition_keys) {
    const Table& parent = table_at(review.catalog, key.table);
    auto const weak = weaknesses_of(review.catalog, parent);
    if (!weak.empty()) report_weakness(check, review, parent, weak);
  }
}

void check_parent_statistics(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  for (auto const& key : catalog.partition_keys) {
    const Table& parent = table_at(catalog, key.table);
    if (parent.partition) continue;
    double rows = 0;
    std::vector<int> open{key.table};
    while (!open.empty()) {
      int const at = open.back();
      open.pop_back();
      for (int const part : catalog.partitions_of(at)) {
        if (table_at(catalog, part).kind == TableKind::partitioned)
          open.push_back(part);
        else
          rows += rows_by_statistics(table_at(catalog, part));
      }
    }
    bool const never = parent.rows < 0;
    if (rows < kSmallTree || (!never && rows < kStale * parent.rows)) continue;
    Finding finding = about_table(check, parent);
    if (!never) finding.severity = Severity::low;
    if (!never)
      finding.why = "The parent's statistics are of a time when it held far fewer rows. " + finding.why;
    finding.evidence
        .add("rows_known", static_cast<std::int64_t>(std::max(parent.rows, 0.0)), "rows",
             "pg_class.reltuples")
        .add("rows_in_partitions", static_cast<std::int64_t>(rows), "rows",
             "pg_class.reltuples, pg_stat_all_tables");
    bool const only = catalog.server.version >= kAnalyzeOnly;
    finding.fix = {fmt::format("ANALYZE {}{}", only ? "ONLY " : "", parent.identity)};
    finding.fix_transactional = true;
    finding.lock_level = "SHARE UPDATE EXCLUSIVE";
    finding.blocks = "nothing";
    finding.impact = only ? "" : "ANALYZE of the parent reads a sample of it and then one of each partition.";
    finding.rollback = {};
    finding.verify = verified_by_review(check, finding);
    review.findings.push_back(std::move(finding));
  }
}

}  // namespace deal::review
