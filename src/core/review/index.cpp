/// Checks of indexes.

#include <fmt/format.h>

#include <unordered_map>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"
#include "core/review/foreign_key.hpp"
#include "core/review/redundancy.hpp"

namespace deal::review {

namespace {

constexpr double kDay = 86400;

const Table& table_of(const Catalog& catalog, const Index& index) {
  return catalog.tables[static_cast<size_t>(index.table)];
}

/// Something other than searches needs the index: a constraint, a foreign key, replication, CLUSTER.
bool has_other_duty(const Catalog& catalog, const Index& index) {
  return index.constraint || index.key_target || index.replica_identity || index.clustered ||
         index.parent != 0 || serves_some_foreign_key(catalog, table_of(catalog, index), index);
}

/// Scans and pages of an index, for one of a partitioned table those of its partitions included.
struct Usage {
  std::int64_t scans = 0;
  std::int64_t pages = 0;
};

/// The usage of every index, by position.
std::vector<Usage> usages_of(const Catalog& catalog) {
  std::unordered_map<ObjectId, size_t> positions;
  for (size_t i = 0; i < catalog.indexes.size(); ++i)
    if (catalog.indexes[i].partitioned) positions.emplace(catalog.indexes[i].oid, i);
  std::vector<Usage> usages(catalog.indexes.size());
  for (size_t i = 0; i < catalog.indexes.size(); ++i) {
    const Index& index = catalog.indexes[i];
    usages[i].scans += index.scans;
    usages[i].pages += index.pages;
    auto above = positions.find(index.parent);
    while (above != positions.end()) {
      usages[above->second].scans += index.scans;
      usages[above->second].pages += index.pages;
      above = positions.find(catalog.indexes[above->second].parent);
    }
  }
  return usages;
}

/// REINDEX CONCURRENTLY names what it builds and what it replaces so; after a failure both are refuse.
bool left_by_reindex(std::string_view name) {
  while (!name.empty() && name.back() >= '0' && name.back() <= '9')
    name.remove_suffix(1);
  return name.ends_with("_ccnew") || name.ends_with("_ccold");
}

std::string days(double seconds) {
  double const count = seconds / kDay;
  return count >= 1 ? fmt::format("{:.0f} days", count) : fmt::format("{:.1f} hours", seconds / 3600);
}

/// Why usage counters say nothing yet; empty when they do.
std::string usage_unknown(const Catalog& catalog, const Selection& selection) {
  const ServerFacts& server = catalog.server;
  if (server.in_recovery)
    return "in recovery: the counters of a standby tell nothing of the primary's queries";
  if (server.stats_since == 0) return "it is not known since when the statistics count";
  double const age = static_cast<double>(server.now - server.stats_since) / 1e6;
  if (age < selection.min_stats_age)
    return fmt::format("the statistics are {} old; an index is called unused after {} (option min_stats_age)",
                       days(age), days(selection.min_stats_age));
  return "";
}

}  // namespace

void check_invalid_indexes(const Check& check, Review& review) {
  for (auto const& index : review.catalog.indexes) {
    if (index.valid && index.ready) continue;
    const Table& table = table_of(review.catalog, index);
    Finding finding = about_index(check, review.catalog, index);
    finding.evidence.add("valid", index.valid ? "yes" : "no", "", "pg_index.indisvalid")
        .add("ready", index.ready ? "yes" : "no", "", "pg_index.indisready");
    finding.verify = fmt::format(
        "select 1 from pg_catalog.pg_index where indexrelid = pg_catalog.to_regclass({}) and not (indisvalid "
        "and indisready)",
        quote_literal(index.identity));
    if (table.maintenance) {
      finding.status = Status::skipped;
      finding.skip_reason =
          "a session holds SHARE UPDATE EXCLUSIVE on the table: the index may be being built";
    } else if (index.partitioned) {
      finding.why +=
          " It is an index of a partitioned table, and some partition has no valid index attached "
          "to it.";
    } else if (left_by_reindex(index.name) && !index.constraint) {
      fix_by_dropping(finding, review.catalog, index);
      finding.why += " Its name says that a REINDEX CONCURRENTLY failed and left it behind.";
    } else {
      finding.fix = {fmt::format("REINDEX INDEX CONCURRENTLY {}", index.identity)};
      finding.fix_transactional = false;
      finding.lock_level = "SHARE UPDATE EXCLUSIVE";
      finding.blocks = "nothing";
      finding.est_seconds = scan_seconds(review.catalog, table);
      if (index.unique) finding.impact = "The fix fails as long as the table holds duplicates of the key.";
      if (!index.constraint) finding.rollback = {fmt::format("DROP INDEX CONCURRENTLY {}", index.identity)};
    }
    review.findings.push_back(std::move(finding));
  }
}

void check_unused_indexes(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  if (catalog.indexes.empty()) return;
  std::string const unknown = usage_unknown(catalog, review.selection);
  if (!unknown.empty()) {
    review.findings.push_back(skipped(check, catalog, unknown));
    return;
  }
  std::vector<Usage> const usages = usages_of(catalog);
  std::vector<bool> const in_redundancy = redundancy_parties(review);
  for (size_t i = 0; i < usages.size(); ++i) {
    const Index& index = catalog.indexes[i];
    Usage const& usage = usages[i];
    if (usage.scans > 0 || in_redundancy[i] || !index.valid || !index.ready || index.unique ||
        index.exclusion || has_other_duty(catalog, index))
      continue;
    const Table& table = table_of(catalog, index);
    Finding finding = about_index(check, catalog, index);
    fix_by_dropping(finding, catalog, index);
    if (index.partitioned && usage.pages > 0) {
      finding.freed_bytes = catalog.bytes(usage.pages);
      finding.evidence.add("index_size", finding.freed_bytes, "bytes", "pg_class.relpages");
    }
    finding.evidence.add("index_scans", usage.scans, "scans", "pg_stat_all_indexes.idx_scan")
        .add("table_writes", table.inserts + table.updates + table.deletes, "rows", "pg_stat_all_tables")
        .add("table_reads", table.sequential_scans + table.index_scans, "scans", "pg_stat_all_tables")
        .add("standbys", static_cast<std::int64_t>(catalog.server.standbys), "connections",
             "pg_stat_replication");
    finding.stats_since = catalog.server.stats_since;
    // When an index was created is not recorded: a new one looks unused too.
    finding.confidence = catalog.server.standbys > 0 ? 0.4 : 0.6;
    if (catalog.server.standbys > 0)
      finding.why += " Standbys are connected, and their queries are not counted here: look there first.";
    review.findings.push_back(std::move(finding));
  }
}

}  // namespace deal::review
