/// Checks of auditing: its triggers, its logs, and what is not audited.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"

namespace deal::review {

namespace {

constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kRunway = 14 * kDay;  // that the log's partitions should reach ahead
constexpr std::int64_t kSealedWithin = 7 * kDay;
constexpr int kTellingColumns = 2;  // without any audited table beside it

/// A finding about a log, which may lie in a schema that is not reviewed.
Finding about_log(const Check& check, const AuditLogState& log) {
  Table events;
  events.schema = log.schema;
  events.name = "audit_event";
  events.identity = log.identity;
  events.owner = log.owner_oid;
  return about_table(check, events);
}

bool skip_unknown(const Check& check, Review& review) {
  if (review.catalog.audits_unknown.empty()) return false;
  review.findings.push_back(
      skipped(check, review.catalog, "auditing can't be read: " + review.catalog.audits_unknown));
  return true;
}

Severity severity_of(const AuditedState& state) {
  if (state.state == "origin only") return Severity::low;
  return state.state == "partly" ? Severity::medium : Severity::high;
}

/// The words of a name: unit_price, unitPrice.
std::set<std::string> words_of(const std::string& name) {
  std::set<std::string> words;
  std::string word;
  for (char const c : name + "_") {
    auto const byte = static_cast<unsigned char>(c);
    bool const ends = std::isalpha(byte) == 0 || (std::isupper(byte) != 0 && !word.empty());
    if (ends && !word.empty()) words.insert(std::exchange(word, {}));
    if (std::isalpha(byte) != 0) word += static_cast<char>(std::tolower(byte));
  }
  return words;
}

constexpr const char* kTellingWords[] = {
    "price",     "prices",   "amount",    "balance", "salary",   "payment",    "payments",    "refund",
    "invoice",   "invoices", "iban",      "card",    "password", "email",      "phone",       "birthday",
    "birthdate", "ssn",      "passport",  "role",    "roles",    "permission", "permissions", "user",
    "users",     "customer", "customers", "account", "accounts", "credit",     "wallet",      "payout"};

bool is_telling(const std::string& name) {
  std::set<std::string> const words = words_of(name);
  return std::ranges::any_of(kTellingWords, [&](const char* word) { return words.contains(word); });
}

/// Columns that speak of money, rights or persons; keys that refer to others aside.
std::vector<std::string> telling_columns(const Catalog& catalog, const Table& table) {
  std::vector<std::string> names;
  for (Column const& column : catalog.columns_of(table))
    if (is_telling(column.name) && !column.name.ends_with("_id") && !column.name.ends_with("Id"))
      names.push_back(column.name);
  return names;
}

/// Updates and deletes, its partitions' included.
std::int64_t changes_of(const Catalog& catalog, int position) {
  const Table& table = catalog.tables[static_cast<std::size_t>(position)];
  std::int64_t changes = table.updates + table.deletes;
  for (int const child : catalog.partitions_of(position))
    changes += changes_of(catalog, child);
  return changes;
}

/// Schemas in which some table is audited, and those that hold logs.
struct AuditedSchemas {
  std::set<std::string> with_audit;
  std::set<std::string> logs;
};

AuditedSchemas audited_schemas(const Catalog& catalog) {
  AuditedSchemas found;
  for (int const table : catalog.audit_triggers)
    found.with_audit.insert(catalog.tables[static_cast<std::size_t>(table)].schema);
  for (Table const& table : catalog.tables)
    if (table.name == "audit_layout") found.logs.insert(table.schema);
  return found;
}

void report_uncovered(const Check& check, Review& review, int position, bool audited_beside) {
  const Catalog& catalog = review.catalog;
  const Table& table = catalog.tables[static_cast<std::size_t>(position)];
  std::vector<std::string> const columns = telling_columns(catalog, table);
  bool const telling = audited_beside ? !columns.empty() || is_telling(table.name)
                                      : static_cast<int>(columns.size()) >= kTellingColumns;
  std::int64_t const changes = changes_of(catalog, position);
  if (!telling || changes == 0) return;
  Finding finding = about_table(check, table);
  if (!audited_beside) finding.severity = Severity::info;
  finding.confidence = audited_beside ? 0.5 : 0.3;
  finding.evidence.add("columns", quoted_list(columns), "", "pg_attribute")
      .add("changes", changes, "updates and deletes", "pg_stat_all_tables");
  if (catalog.server.stats_since != 0) finding.stats_since = catalog.server.stats_since;
  finding.impact = audited_beside
                       ? "Other tables of the schema are audited; this one's changes can't be told."
                       : "Who changed what can't be told.";
  finding.fix = {fmt::format("SELECT deal_advisor.audit_enable({})", quote_literal(table.identity))};
  finding.rollback = {fmt::format("SELECT deal_advisor.audit_disable({})", quote_literal(table.identity))};
  finding.lock_level = "SHARE ROW EXCLUSIVE";
  finding.blocks = "writes, for a moment";
  finding.verify = verified_by_review(check, finding);
  review.findings.push_back(std::move(finding));
}

}  // namespace

void check_audit_triggers(const Check& check, Review& review) {
  if (skip_unknown(check, review)) return;
  for (AuditedState const& audited : review.catalog.audited) {
    bool const broken = audited.state == "missing" || audited.state == "off" || audited.state == "partly" ||
                        audited.state == "origin only";
    if (!broken) continue;
    const Table& table = review.catalog.tables[static_cast<std::size_t>(audited.table)];
    Finding finding = about_table(check, table, {audited.log});
    finding.severity = severity_of(audited);
    finding.evidence.add("state", audited.state, "", "deal_advisor.audit_status()")
        .add("log", audited.log, "", "deal_advisor.audit_status()");
    finding.impact = audited.detail + ".";
    finding.fix = {audited.enable_call};
    finding.lock_level = "SHARE ROW EXCLUSIVE";
    finding.blocks = "writes, for a moment";
    finding.verify = verified_by_review(check, finding);
    review.findings.push_back(std::move(finding));
  }
}

void check_audit_space(const Check& check, Review& review) {
  if (skip_unknown(check, review)) return;
  std::int64_t const now = review.catalog.server.now;
  for (AuditLogState const& log : review.catalog.audit_logs) {
    bool const short_of_time = log.enabled && log.ready_until - now < kRunway;
    if (!short_of_time && log.overflow_rows == 0) continue;
    Finding finding = about_log(check, log);
    double const days = static_cast<double>(log.ready_until - now) / static_cast<double>(kDay);
    finding.evidence.add("runway", std::max(days, 0.0), "days", "pg_class.relpartbound")
        .add("overflow_rows", log.overflow_rows, "rows", "audit_overflow");
    finding.impact = log.overflow_rows > 0
                         ? fmt::format("{} rows wait in the overflow table.", log.overflow_rows)
                         : fmt::format("The last partition ends in {:.0f} days.", std::max(days, 0.0));
    finding.fix = {fmt::format("SELECT deal_advisor.audit_maintain({})", quote_literal(log.schema))};
    finding.lock_level = "SHARE UPDATE EXCLUSIVE";
    finding.blocks = "nothing";
    finding.verify = verified_by_review(check, finding);
    review.findings.push_back(std::move(finding));
  }
}

void check_audit_coverage(const Check& check, Review& review) {
  if (skip_unknown(check, review)) return;
  const Catalog& catalog = review.catalog;
  AuditedSchemas const schemas = audited_schemas(catalog);
  for (std::size_t i = 0; i < catalog.tables.size(); ++i) {
    const Table& table = catalog.tables[i];
    int const position = static_cast<int>(i);
    bool const audited = std::ranges::binary_search(catalog.audit_triggers, position);
    if (audited || table.partition || table.kind == TableKind::materialized_view ||
        schemas.logs.contains(table.schema))
      continue;
    report_uncovered(check, review, position, schemas.with_audit.contains(table.schema));
  }
}

void check_audit_seals(const Check& check, Review& review) {
  if (skip_unknown(check, review)) return;
  std::int64_t const now = review.catalog.server.now;
  for (AuditLogState const& log : review.catalog.audit_logs) {
    if (log.last_sealed == 0 || now - log.last_sealed <= kSealedWithin) continue;
    Finding finding = about_log(check, log);
    double const days = static_cast<double>(now - log.last_sealed) / static_cast<double>(kDay);
    finding.evidence.add("last_sealed", days, "days ago", "audit_seal");
    finding.impact = fmt::format("Nothing was sealed for {:.0f} days.", days);
    finding.fix = {fmt::format("SELECT deal_advisor.audit_seal({})", quote_literal(log.schema))};
    finding.lock_level = "ACCESS SHARE";
    finding.blocks = "nothing";
    finding.verify = verified_by_review(check, finding);
    review.findings.push_back(std::move(finding));
  }
}

void check_audit_owner(const Check& check, Review& review) {
  if (skip_unknown(check, review)) return;
  for (AuditLogState const& log : review.catalog.audit_logs) {
    if (!log.owner_of_tables || !log.enabled) continue;
    Finding finding = about_log(check, log);
    finding.evidence.add("log_owner", log.owner, "", "pg_class.relowner")
        .add("table", log.owned_table, "", "pg_class.relowner");
    finding.impact =
        "The log covers what happened; it does not resist the owner of the tables. A log of its own role "
        "does: audit_enable(..., "
        "log_owner => ..., options => {\"log_schema\": ...}); sealing and an anchor kept elsewhere show what "
        "was changed.";
    finding.verify = verified_by_review(check, finding);
    review.findings.push_back(std::move(finding));
  }
}

}  // namespace deal::review
