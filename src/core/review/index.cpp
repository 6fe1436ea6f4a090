/// Checks of indexes.

#include <fmt/format.h>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"
#include "core/review/unused.hpp"

namespace deal::review {

namespace {

const Table& table_of(const Catalog& catalog, const Index& index) {
  return catalog.tables[static_cast<size_t>(index.table)];
}

/// REINDEX CONCURRENTLY names what it builds and what it replaces so; after a failure both are refuse.
bool left_by_reindex(std::string_view name) {
  while (!name.empty() && name.back() >= '0' && name.back() <= '9')
    name.remove_suffix(1);
  return name.ends_with("_ccnew") || name.ends_with("_ccold");
}

}  // namespace

void check_invalid_indexes(const Check& check, Review& review) {
  for (auto const& index : review.catalog.indexes) {
    if (index.valid && index.ready) continue;
    if (index.partitioned) continue;  // not complete on every partition: IDX-024 says on which
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
  std::string const unknown = usage_unknown(catalog, review.selection.min_stats_age, "min_stats_age");
  if (!unknown.empty()) {
    review.findings.push_back(skipped(check, catalog, unknown));
    return;
  }
  for (auto const& unused : unused_indexes(catalog, review.redundancies)) {
    const Index& index = catalog.indexes[static_cast<size_t>(unused.index)];
    const Table& table = table_of(catalog, index);
    Finding finding = about_index(check, catalog, index);
    fix_by_dropping(finding, catalog, index);
    if (index.partitioned && unused.pages > 0) {
      finding.freed_bytes = catalog.bytes(unused.pages);
      finding.evidence.add("index_size", finding.freed_bytes, "bytes", "pg_class.relpages");
    }
    finding.evidence.add("index_scans", std::int64_t{0}, "scans", "pg_stat_all_indexes.idx_scan")
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
