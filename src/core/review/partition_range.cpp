/// Checks of what the partitions of a table hold: gaps, the default partition, how many there are.

#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"
#include "core/review/partition_facts.hpp"

namespace deal::review {

namespace {

constexpr std::size_t kMostGaps = 20;  // that are named and mended at once
constexpr int kManyLeaves = 1'000;     // planning and locking each takes notice from here on
constexpr int kFarTooManyLeaves = 10'000;
constexpr std::int64_t kQuickScanPages = 1'000;  // of a default partition: read in some milliseconds
constexpr std::int64_t kClearAhead = 50;         // widths of a partition that the default's CHECK keeps free

/// Two partitions with nothing between them.
struct Gap {
  const PartitionBound* below;
  const PartitionBound* above;
};

std::vector<Gap> gaps_of(const Catalog& catalog, const Table& table) {
  std::vector<Gap> gaps;
  const PartitionBound* below = nullptr;
  for (auto const& bound : catalog.bounds_of(table)) {
    if (bound.is_default) break;
    if (below != nullptr && below->to < bound.from) gaps.push_back({below, &bound});
    below = &bound;
  }
  return gaps;
}

/// A name that no relation of the schema has yet.
std::string free_partition_name(const Catalog& catalog, const Table& table, int& number) {
  for (;; ++number) {
    std::string name = quote_qualified(table.schema, fitting_name(table.name, fmt::format("_gap{}", number)));
    if (!catalog.relation_names.contains(name)) return name;
  }
}

/// The partition is made beside the table and attached: nobody waits but readers of the default one.
void fix_by_attaching(Finding& finding, const Catalog& catalog, const Table& table,
                      const std::vector<Gap>& gaps) {
  finding.fix_transactional = true;
  int number = 1;
  for (std::size_t i = 0; i < std::min(gaps.size(), kMostGaps); ++i, ++number) {
    std::string const name = free_partition_name(catalog, table, number);
    finding.fix.push_back(
        fmt::format("CREATE TABLE {} (LIKE {} INCLUDING ALL EXCLUDING IDENTITY)", name, table.identity));
    finding.fix.push_back(fmt::format("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})",
                                      table.identity, name, gaps[i].below->upper, gaps[i].above->lower));
    finding.rollback.insert(finding.rollback.begin(),
                            {fmt::format("ALTER TABLE {} DETACH PARTITION {}", table.identity, name),
                             fmt::format("DROP TABLE {}", name)});
  }
}

Severity severity_of(const Catalog& catalog, const PartitionKey& key, const std::vector<Gap>& gaps,
                     bool has_default) {
  if (has_default) return Severity::low;
  std::int64_t const now = now_on_axis(catalog);
  bool const ahead = key.axis == PartitionAxis::time &&
                     std::any_of(gaps.begin(), gaps.end(), [&](const Gap& g) { return g.above->from > now; });
  return ahead ? Severity::high : Severity::medium;
}

/// Moves the rows to partitions of their own; what is no set yet becomes one first.
void drain(Finding& finding, const Catalog& catalog, const PartitionKey& key, const Table& table) {
  const PartitionSet* const set = catalog.partition_set(key.table);
  bool const kept = set != nullptr && set->enabled;
  if (kept) finding.severity = Severity::high;
  if (!kept) {
    std::int64_t const width = coverage_from(catalog, table, now_on_axis(catalog)).width;
    if (key.axis == PartitionAxis::other || width == 0) {
      finding.why += " Once the table is a partition set, partition_drain moves them.";
      return;
    }
    finding.fix = {fmt::format("SELECT deal_advisor.partition_enable({}, {}, {}, use_default => true)",
                               quote_literal(table.identity),
                               quote_literal(catalog.column_names(table, key.columns).front()),
                               quote_literal(step_text(key.axis, width)))};
  }
  finding.fix.push_back(call_of("partition_drain", table.identity));
  finding.fix_transactional = false;
  finding.lock_level = "ACCESS EXCLUSIVE";
  finding.blocks = "reads and writes, for a moment";
}

}  // namespace

void check_partition_gaps(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  for (auto const& key : catalog.partition_keys) {
    if (key.axis == PartitionAxis::other) continue;
    const Table& table = catalog.tables[static_cast<std::size_t>(key.table)];
    std::vector<Gap> const gaps = gaps_of(catalog, table);
    if (gaps.empty()) continue;
    const PartitionBound* const standard = default_partition(catalog, table);
    Finding finding = about_table(check, table);
    finding.severity = severity_of(catalog, key, gaps, standard != nullptr);
    finding.count = static_cast<int>(gaps.size());
    finding.evidence.add("gaps", static_cast<std::int64_t>(gaps.size()), "", "pg_class.relpartbound")
        .add("first_from", position_text(key.axis, gaps.front().below->to), "", "pg_class.relpartbound")
        .add("first_to", position_text(key.axis, gaps.front().above->from), "", "pg_class.relpartbound");
    finding.impact = standard != nullptr
                         ? "Rows between them go to the default partition " + standard->identity + "."
                         : "Rows between them are refused: no partition found for row (23514).";
    finding.lock_level = "SHARE UPDATE EXCLUSIVE";
    finding.blocks =
        standard != nullptr ? "reads and writes of the default partition, while it is read" : "nothing";
    const PartitionSet* const set = catalog.partition_set(key.table);
    if (set != nullptr && set->enabled) {
      finding.fix = {call_of("partition_maintain", table.identity)};
      finding.fix_transactional = false;
    } else {
      fix_by_attaching(finding, catalog, table, gaps);
    }
    finding.verify = verified_by_review(check, finding);
    review.findings.push_back(std::move(finding));
  }
}

void check_default_rows(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  for (auto const& key : catalog.partition_keys) {
    const Table& table = catalog.tables[static_cast<std::size_t>(key.table)];
    const PartitionBound* const standard = default_partition(catalog, table);
    if (standard == nullptr || standard->table < 0) continue;
    const Table& leaf = catalog.tables[static_cast<std::size_t>(standard->table)];
    double const rows = rows_by_statistics(leaf);
    if (rows < 1) continue;
    Finding finding = about_table(check, table, {standard->identity});
    finding.evidence.add("default_partition", standard->identity, "", "pg_class.relpartbound")
        .add("rows", static_cast<std::int64_t>(rows), "rows, by statistics",
             "greatest(pg_class.reltuples, pg_stat_all_tables.n_live_tup)")
        .add("size", catalog.bytes(leaf.pages), "bytes", "pg_class.relpages");
    finding.stats_since = catalog.server.stats_since;
    finding.verify = fmt::format("select 1 from only {} limit 1", standard->identity);
    if (key.strategy != PartitionStrategy::range) {
      finding.severity = Severity::info;
      finding.why += " Of a list this may be meant: values too rare for a partition of their own.";
      finding.verify.clear();
    } else {
      drain(finding, catalog, key, table);
      if (!finding.fix.empty()) finding.est_seconds = scan_seconds(catalog, leaf);
    }
    review.findings.push_back(std::move(finding));
  }
}

void check_default_constraint(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  for (auto const& key : catalog.partition_keys) {
    const PartitionSet* const set = catalog.partition_set(key.table);
    if (set == nullptr || !set->enabled || key.axis == PartitionAxis::other) continue;
    const Table& table = catalog.tables[static_cast<std::size_t>(key.table)];
    const PartitionBound* const standard = default_partition(catalog, table);
    if (standard == nullptr || standard->table < 0) continue;
    const Table& leaf = catalog.tables[static_cast<std::size_t>(standard->table)];
    if (leaf.pages < kQuickScanPages) continue;
    std::string const column = catalog.column_names(table, key.columns).front();
    auto const constraints = catalog.constraints_of(leaf);
    if (std::any_of(constraints.begin(), constraints.end(), [&](const Constraint& constraint) {
          auto const names = catalog.column_names(leaf, constraint.columns);
          return constraint.type == 'c' && constraint.validated && !constraint.inherited &&
                 names == std::vector<std::string>{column};
        }))
      continue;
    auto const bounds = catalog.bounds_of(table);
    auto const last = std::find_if(bounds.rbegin(), bounds.rend(),
                                   [](const PartitionBound& bound) { return !bound.is_default; });
    if (last == bounds.rend() || last->to == kAxisEnd || last->from == kAxisBegin) continue;
    Finding finding = about_table(check, leaf);
    add_size(finding.evidence, catalog, leaf);
    finding.evidence.add("parent", table.identity, "", "pg_inherits");
    std::string const quoted = quote_identifier(column);
    std::string const name = quote_identifier(fitting_name(leaf.name, "_later"));
    std::string const clear_until = position_text(key.axis, last->to + kClearAhead * (last->to - last->from));
    finding.fix = {
        fmt::format("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({} IS NOT NULL AND ({} < {} OR {} >= {})) "
                    "NOT VALID",
                    leaf.identity, name, quoted, quoted, last->upper, quoted, quote_literal(clear_until)),
        fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}", leaf.identity, name)};
    finding.rollback = {fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", leaf.identity, name)};
    finding.fix_transactional = false;
    finding.lock_level = "ACCESS EXCLUSIVE";
    finding.blocks = "reads and writes of the default partition, for a moment";
    finding.est_seconds = scan_seconds(catalog, leaf);
    finding.impact = fmt::format(
        "Each new partition reads {} rows under an exclusive lock. With the fix, rows from {} to {} can't go "
        "to "
        "the default partition any more: that is what the sets makes partitions for.",
        static_cast<std::int64_t>(rows_by_statistics(leaf)), position_text(key.axis, last->to), clear_until);
    finding.verify = verified_by_review(check, finding);
    review.findings.push_back(std::move(finding));
  }
}

void check_partition_count(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  for (auto const& key : catalog.partition_keys) {
    const Table& table = catalog.tables[static_cast<std::size_t>(key.table)];
    if (table.partition) continue;
    int const leaves = leaves_below(catalog, key.table);
    if (leaves <= kManyLeaves) continue;
    Finding finding = about_table(check, table);
    if (leaves > kFarTooManyLeaves) finding.severity = Severity::high;
    finding.evidence.add("partitions", static_cast<std::int64_t>(leaves), "", "pg_inherits");
    Coverage const coverage = coverage_from(catalog, table, now_on_axis(catalog));
    if (key.axis != PartitionAxis::other && coverage.width > 0)
      finding.evidence.add("step", step_text(key.axis, coverage.width), "", "pg_class.relpartbound");
    finding.impact =
        "A statement that can't be pruned locks and plans every one of them, with each of its indexes.";
    review.findings.push_back(std::move(finding));
  }
}

}  // namespace deal::review
