/// Checks IDX-001 to IDX-006: indexes that another one makes superfluous.

#include "core/review/redundancy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"

namespace deal::review {

namespace {

/// The check that a redundancy belongs to.
std::string_view check_of(const Index& drop, const Index& keep, const index::Redundancy& found) {
  if (found.kind == index::RedundancyKind::covered)
    return drop.key_count == keep.key_count ? "IDX-005" : "IDX-002";
  if (found.backward) return "IDX-003";
  if (keep.unique != drop.unique || keep.primary) return "IDX-004";
  return drop.options != keep.options || drop.tablespace != keep.tablespace ? "IDX-006" : "IDX-001";
}

/// An index behind a UNIQUE constraint goes with the constraint.
void fix_by_dropping_constraint(Finding& finding, const Table& table, const Index& index) {
  std::string const name = quote_identifier(index.name);
  finding.fix = {fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", table.identity, name)};
  finding.fix_transactional = true;
  finding.lock_level = "ACCESS EXCLUSIVE";
  finding.blocks = "reads and writes, for a moment";
  finding.rollback = {kDefinitionHere, fmt::format("ALTER TABLE {} ADD CONSTRAINT {} UNIQUE USING INDEX {}",
                                                   table.identity, name, name)};
  // Whether a deferrable constraint began deferred is not in the model, so it can't be written back.
  if (index.immediate) return;
  finding.fix.clear();
  finding.rollback.clear();
  finding.recreates = 0;
  finding.impact = "The constraint is deferrable: drop it by hand if nothing relies on that.";
}

/// Which of two twins is to go depends on their duties, which may change: the same for both.
std::string twins_fingerprint(const Check& check, const Index& a, const Index& b) {
  return fingerprint(check.id, {std::min(a.identity, b.identity), std::max(a.identity, b.identity)});
}

}  // namespace

std::vector<bool> redundancy_parties(const Catalog& catalog,
                                     const std::vector<index::Redundancy>& redundancies) {
  std::vector<bool> parties(catalog.indexes.size(), false);
  for (auto const& found : redundancies)
    parties[static_cast<size_t>(found.drop)] = parties[static_cast<size_t>(found.keep)] = true;
  return parties;
}

void check_redundant_indexes(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  for (auto const& found : review.redundancies) {
    const Index& drop = catalog.indexes[static_cast<size_t>(found.drop)];
    const Index& keep = catalog.indexes[static_cast<size_t>(found.keep)];
    if (check_of(drop, keep, found) != check.id) continue;
    Finding finding = about_index(check, catalog, drop);
    if (found.kind == index::RedundancyKind::duplicate)
      finding.fingerprint = twins_fingerprint(check, drop, keep);
    finding.why = found.why + ' ' + finding.why;
    fix_by_dropping(finding, catalog, drop);
    if (drop.constraint)
      fix_by_dropping_constraint(finding, catalog.tables[static_cast<size_t>(drop.table)], drop);
    finding.evidence.add("kept", keep.identity, "", "pg_index")
        .add("index_scans", drop.scans, "scans", "pg_stat_all_indexes.idx_scan")
        .add("kept_scans", keep.scans, "scans", "pg_stat_all_indexes.idx_scan");
    finding.stats_since = catalog.server.stats_since;
    review.findings.push_back(std::move(finding));
  }
}

}  // namespace deal::review
