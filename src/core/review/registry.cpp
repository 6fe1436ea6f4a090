#include "core/review/registry.hpp"

#include <algorithm>
#include <array>

#include "core/base/error.hpp"

namespace deal::review {

namespace {

constexpr std::array<Check, 32> kChecks{{
    {"GEN-001", "general", Severity::info, "coverage", "schemas not reviewed",
     "What the caller may not see is not reviewed, so this is no all-clear for the whole database.",
     check_coverage},
    {"AUD-001", "audit", Severity::high, "integrity", "changes not recorded",
     "The table is audited, but a trigger that records its changes is missing or does not fire: what happens "
     "meanwhile is in no log.",
     check_audit_triggers},
    {"AUD-002", "audit", Severity::medium, "availability", "audit log lacks partitions",
     "Rows for which the log has no partition go to a table that grows without end, can't be pruned, and is "
     "read by "
     "every question about a time.",
     check_audit_space},
    {"AUD-003", "audit", Severity::low, "security", "sensitive table not audited",
     "Its names speak of money, rights or persons, its rows are changed, and nothing records by whom.",
     check_audit_coverage},
    {"AUD-004", "audit", Severity::low, "security", "audit log not sealed for long",
     "What was not sealed can be changed behind the log's back without a trace.", check_audit_seals},
    {"AUD-005", "audit", Severity::info, "security", "table's owner owns the log",
     "Who owns the log can change it: it says what happened as long as nobody with that role wants it "
     "otherwise.",
     check_audit_owner},
    {"CAP-007", "partition", Severity::medium, "availability", "partitions run out",
     "A row that no partition takes is refused, so partitions must be made ahead of time.",
     check_partition_runway},
    {"CAP-008", "partition", Severity::medium, "availability", "rows in default partition",
     "As long as rows that belong to a partition lie in the default one, that partition can't be made; and "
     "each new partition reads the default one under an exclusive lock.",
     check_default_rows},
    {"CAP-010", "partition", Severity::medium, "performance", "very many partitions",
     "Planning time, memory and locks grow with every partition that a statement can't leave out.",
     check_partition_count},
    {"IDX-001", "index", Severity::medium, "performance", "identical indexes",
     "Both answer the same searches; each costs space, cache and time in every write.",
     check_redundant_indexes},
    {"IDX-002", "index", Severity::low, "performance", "redundant index",
     "A longer index answers the same searches; each costs space, cache and time in every write.",
     check_redundant_indexes},
    {"IDX-003", "index", Severity::medium, "performance", "same index backwards",
     "A B-tree is read in both directions, so both answer the same searches; each costs space, cache and "
     "time "
     "in every write.",
     check_redundant_indexes},
    {"IDX-004", "index", Severity::medium, "performance", "repeats unique index",
     "A unique index or primary key on the same columns answers the same searches; each costs space, cache "
     "and "
     "time in every write.",
     check_redundant_indexes},
    {"IDX-005", "index", Severity::low, "performance", "repeats a wider index",
     "An index with the same key that includes more columns answers the same searches; each costs space, "
     "cache "
     "and time in every write.",
     check_redundant_indexes},
    {"IDX-006", "index", Severity::medium, "performance", "same but for storage",
     "Both answer the same searches and differ in storage options or tablespace only; each costs space, "
     "cache "
     "and time in every write.",
     check_redundant_indexes},
    {"IDX-007", "index", Severity::high, "integrity", "invalid index",
     "The index was never completed: no query uses it, a unique one guarantees nothing, and writes still pay "
     "for it.",
     check_invalid_indexes},
    {"IDX-008", "index", Severity::low, "performance", "unused index",
     "No query used the index since the statistics were reset; every write pays for it.",
     check_unused_indexes},
    {"IDX-014", "index", Severity::medium, "performance", "missing index",
     "The statements that ran were planned again as if the index were there, and would cost less.",
     check_missing_indexes},
    {"IDX-024", "partition", Severity::medium, "performance", "indexes differ by partition",
     "An index that some partitions lack, or the parent, does not speed up what the others hold, and new "
     "partitions don't get it.",
     check_leaf_indexes},
    {"PAR-001", "partition", Severity::high, "integrity", "detach half done",
     "A DETACH CONCURRENTLY was begun and not finished: it was cut off, or waits for an old transaction.",
     check_pending_detach},
    {"PAR-002", "partition", Severity::medium, "availability", "gap between partitions",
     "Between two partitions there is a range that none takes.", check_partition_gaps},
    {"PAR-003", "partition", Severity::medium, "integrity", "key holds in each partition only",
     "A unique key that lacks a column of the partition key keeps duplicates out of each partition, not out "
     "of "
     "the table.",
     check_leaf_keys},
    {"PAR-004", "partition", Severity::high, "availability", "owner changed since enabled",
     "Maintenance acts as the table's owner, and only as the one who asked for it.", check_set_tables},
    {"PAR-005", "partition", Severity::medium, "availability", "maintenance fails or never runs",
     "Nothing makes or retires partitions unless partition_maintain is called and succeeds.",
     check_set_maintenance},
    {"PAR-006", "partition", Severity::medium, "performance", "default read for each partition",
     "The default partition has no valid CHECK that keeps rows of the next partitions out, so attaching each "
     "of those reads it whole under an exclusive lock.",
     check_default_constraint},
    {"PAR-007", "partition", Severity::medium, "capacity", "retention not kept",
     "Rows older than the retention are still there, or the retention can't be kept as it is configured.",
     check_set_retention},
    {"SCH-001", "schema", Severity::medium, "integrity", "no primary key",
     "Rows have no declared identity: nothing keeps duplicates out, foreign keys and ORMs have nothing to "
     "point at, and logical replication can't apply updates and deletes.",
     check_primary_keys},
    {"SCH-003", "schema", Severity::medium, "performance", "unindexed foreign key",
     "Every delete and key update in the referenced table searches this table by the foreign key's columns; "
     "without an index it reads the whole table each time, and joins along the key have none either.",
     check_foreign_key_indexes},
    {"SCH-009", "schema", Severity::medium, "integrity", "constraint not valid",
     "The constraint holds for new rows only; rows from before it may break it, and the planner can't trust "
     "it.",
     check_not_valid_constraints},
    {"SEC-011", "partition", Severity::high, "security", "partition open past parent",
     "Rights and row security of the parent don't protect a partition that is named directly.",
     check_leaf_rights},
    {"SRV-018", "server", Severity::medium, "observability", "no pg_stat_statements",
     "Nothing records which statements run and what they cost, so there is no workload to advise on.",
     check_statement_statistics},
    {"VAC-016", "partition", Severity::medium, "performance", "parent never analysed",
     "Autovacuum analyses partitions, never their parent: without statistics of the whole, row counts of "
     "joins "
     "and groups are guesses.",
     check_parent_statistics},
}};

template <class Names>
std::string joined(const Names& names) {
  std::string list;
  for (auto const& name : names) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

}  // namespace

std::span<const Check> checks() {
  return kChecks;
}

std::vector<std::string_view> areas() {
  std::vector<std::string_view> names;
  for (auto const& check : kChecks)
    if (std::find(names.begin(), names.end(), check.area) == names.end()) names.push_back(check.area);
  return names;
}

const Check* find_check(std::string_view id) {
  auto const found = std::find_if(kChecks.begin(), kChecks.end(), [&](const Check& c) { return c.id == id; });
  return found != kChecks.end() ? &*found : nullptr;
}

void validate(const Selection& selection) {
  auto const known = areas();
  for (auto const& area : selection.areas)
    if (std::find(known.begin(), known.end(), area) == known.end())
      throw Error("22023", "unknown area \"" + area + "\"").hint("Areas: " + joined(known) + ".");
  for (auto const& id : selection.checks) {
    if (find_check(id) != nullptr) continue;
    std::vector<std::string_view> ids;
    ids.reserve(kChecks.size());
    for (auto const& check : kChecks)
      ids.push_back(check.id);
    throw Error("22023", "unknown check \"" + id + "\"").hint("Checks: " + joined(ids) + ".");
  }
}

bool selected(const Check& check, const Selection& selection) {
  auto const holds = [](const std::vector<std::string>& names, std::string_view name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  // The coverage check belongs to every selection: it says what the others didn't see.
  bool const area = check.area == "general" || holds(selection.areas, check.area);
  return area && (check.area == "general" || holds(selection.checks, check.id));
}

std::vector<Finding> run_checks(const Catalog& catalog, const Selection& selection,
                                const Foreseen& foreseen) {
  std::vector<Finding> findings;
  Review review{catalog, selection, findings, foreseen, index::find_redundant(catalog)};
  for (auto const& check : kChecks)
    if (selected(check, selection)) check.run(check, review);
  sort_findings(findings);
  return findings;
}

}  // namespace deal::review
