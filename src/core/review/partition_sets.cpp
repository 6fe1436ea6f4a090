/// Checks of configured partition sets: their tables, their maintenance, their retention.

#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"
#include "core/review/partition_facts.hpp"

namespace deal::review {

namespace {

constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kLongest = 2 * kDay;  // without maintenance, whatever the step
constexpr int kOftenFailed = 5;              // in a row

/// A finding about a set, whose table may be gone.
Finding about_set(const Check& check, const Catalog& catalog, const PartitionSet& set,
                  std::string_view fact = {}) {
  Table gone;
  gone.schema = set.schema;
  gone.name = set.name;
  gone.identity = set.identity;
  const Table& table = set.table >= 0 ? catalog.tables[static_cast<std::size_t>(set.table)] : gone;
  return about_table(check, table, {fact});
}

void report_vanished(const Check& check, Review& review, const PartitionSet& set) {
  Finding finding = about_set(check, review.catalog, set, "vanished");
  finding.title = "partition set without a table";
  finding.evidence.add("owner", set.owner, "", "deal_advisor.partition_set");
  finding.impact =
      "Nothing is maintained. If the table was renamed, enable it under its new name; a table that is made "
      "under "
      "the old name is refused unless the same role owns it.";
  finding.severity = Severity::low;
  finding.fix = {fmt::format("SELECT deal_advisor.partition_forget({}, {})", quote_literal(set.schema),
                             quote_literal(set.name))};
  finding.fix_transactional = true;
  finding.lock_level = "none";
  finding.blocks = "nothing";
  finding.verify = verified_by_review(check, finding);
  review.findings.push_back(std::move(finding));
}

void report_owner(const Check& check, Review& review, const PartitionSet& set) {
  Finding finding = about_set(check, review.catalog, set, "owner");
  finding.evidence.add("enabled_by", set.owner, "", "deal_advisor.partition_set")
      .add("owner", set.owner_now, "", "pg_class.relowner");
  finding.impact =
      "Maintenance refuses the table until its owner enables it anew, so partitions run out: a set must not "
      "act "
      "with the rights of a role that never asked for it.";
  finding.lock_level = "none";
  finding.blocks = "nothing";
  finding.fix = {set.enable_call};
  finding.fix_transactional = true;
  finding.verify = verified_by_review(check, finding);
  review.findings.push_back(std::move(finding));
}

std::string ago(std::int64_t now, std::int64_t then) {
  if (then == 0) return "never";
  return fmt::format("{:.1f} days ago", static_cast<double>(now - then) / static_cast<double>(kDay));
}

/// Why nobody can rely on a set's maintenance; empty: they can.
std::string trouble_of(const Catalog& catalog, const PartitionSet& set) {
  std::int64_t const now = catalog.server.now;
  if (!set.run_known || set.last_run == 0) return "Maintenance never ran for this table.";
  if (set.failures > 0)
    return fmt::format("Maintenance failed {} time{} in a row; the last time it went well was {}.",
                       set.failures, set.failures == 1 ? "" : "s", ago(now, set.last_ok));
  std::int64_t const longest = set.time ? std::clamp(set.step_length, kDay, kLongest * 7) : kLongest;
  if (now - set.last_run > longest)
    return fmt::format("Maintenance ran {}: nothing seems to call it.", ago(now, set.last_run));
  return {};
}

Severity severity_of(const Check& check, const PartitionSet& set) {
  if (set.failures >= kOftenFailed) return Severity::high;
  return set.run_known ? check.severity : Severity::low;
}

/// Partitions whose last moment is older than the retention.
std::vector<const PartitionBound*> overdue(const Catalog& catalog, const PartitionSet& set) {
  std::vector<const PartitionBound*> late;
  const Table& table = catalog.tables[static_cast<std::size_t>(set.table)];
  for (auto const& bound : catalog.bounds_of(table))
    if (!bound.is_default && bound.to <= set.keep_from) late.push_back(&bound);
  return late;
}

/// What stands in the way of the retention, in words; empty: nothing that is seen here.
std::string obstacle_of(const Catalog& catalog, const PartitionSet& set,
                        const std::vector<const PartitionBound*>& late) {
  const Table& table = catalog.tables[static_cast<std::size_t>(set.table)];
  if (set.retire == "archive" && !set.archive_schema_exists)
    return fmt::format("the archive schema {} doesn't exist", quote_identifier(set.archive_schema));
  for (auto const& constraint : catalog.constraints)
    if (constraint.type == 'f' && constraint.referenced_oid == table.oid && !constraint.inherited)
      return fmt::format("foreign key {} of {} refers to it: only partitions that no row refers to can go",
                         quote_identifier(constraint.name),
                         catalog.tables[static_cast<std::size_t>(constraint.table)].identity);
  if (std::any_of(late.begin(), late.end(), [](const PartitionBound* bound) { return bound->foreign; }))
    return "foreign partitions are never retired";
  if (set.retention_length > 0 && set.step_length > set.retention_length)
    return fmt::format(
        "a partition holds {}, longer than the retention: rows are kept for up to both together", set.step);
  return {};
}

void report_retention(const Check& check, Review& review, const PartitionSet& set) {
  const Catalog& catalog = review.catalog;
  auto const late = overdue(catalog, set);
  std::string const obstacle = obstacle_of(catalog, set, late);
  if (late.empty() && obstacle.empty()) return;
  Finding finding = about_set(check, catalog, set);
  if (late.empty()) finding.severity = Severity::low;
  finding.count = std::max(1, static_cast<int>(late.size()));
  finding.evidence.add("retention", set.retention, "", "deal_advisor.partition_set")
      .add("partitions_overdue", static_cast<std::int64_t>(late.size()), "partitions",
           "pg_class.relpartbound");
  std::int64_t bytes = 0;
  for (auto const* bound : late)
    if (bound->table >= 0)
      bytes += catalog.bytes(catalog.tables[static_cast<std::size_t>(bound->table)].pages);
  finding.freed_bytes = bytes;
  finding.evidence.add("size_overdue", bytes, "bytes", "pg_class.relpages");
  if (!obstacle.empty()) {
    finding.evidence.add("obstacle", obstacle, "", "pg_constraint, pg_namespace, deal_advisor.partition_set");
    finding.impact = "In the way: " + obstacle + ".";
  } else {
    finding.impact = "Old rows stay, and cost space and backups.";
    finding.fix = {call_of("partition_maintain", set.identity)};
    finding.fix_transactional = false;
    finding.lock_level = "ACCESS EXCLUSIVE";
    finding.blocks = "reads and writes, for a moment for each partition";
  }
  finding.verify = verified_by_review(check, finding);
  review.findings.push_back(std::move(finding));
}

}  // namespace

void check_set_tables(const Check& check, Review& review) {
  for (auto const& set : review.catalog.partition_sets) {
    if (!set.exists)
      report_vanished(check, review, set);
    else if (set.owner != set.owner_now)
      report_owner(check, review, set);
  }
}

void check_set_maintenance(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  for (auto const& set : catalog.partition_sets) {
    if (!set.exists || !set.enabled || set.table < 0) continue;
    std::string const trouble = trouble_of(catalog, set);
    if (trouble.empty()) continue;
    Finding finding = about_set(check, catalog, set);
    finding.severity = severity_of(check, set);
    finding.why = trouble + " " + finding.why;
    finding.evidence
        .add("last_run", ago(catalog.server.now, set.last_run), "", "deal_advisor_data.partition_run")
        .add("last_ok", ago(catalog.server.now, set.last_ok), "", "deal_advisor_data.partition_run")
        .add("failures", static_cast<std::int64_t>(set.failures), "in a row",
             "deal_advisor_data.partition_run");
    if (!set.last_error.empty())
      finding.evidence.add("last_error", set.last_error, "", "deal_advisor_data.partition_run");
    if (set.next_try > catalog.server.now)
      finding.impact = fmt::format(
          "It is left alone for another {:.0f} minutes; a call that names the table tries "
          "at once.",
          static_cast<double>(set.next_try - catalog.server.now) / 60e6);
    finding.fix = {call_of("partition_maintain", set.identity)};
    finding.fix_transactional = false;
    finding.lock_level = set.retention.empty() ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE";
    finding.blocks = set.retention.empty() ? "nothing" : "reads and writes, for a moment for each partition";
    finding.verify = verified_by_review(check, finding);
    review.findings.push_back(std::move(finding));
  }
}

void check_set_retention(const Check& check, Review& review) {
  for (auto const& set : review.catalog.partition_sets)
    if (set.enabled && set.table >= 0 && set.time && !set.retention.empty())
      report_retention(check, review, set);
}

}  // namespace deal::review
