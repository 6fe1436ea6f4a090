#include "core/review/builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"

namespace deal::review {

namespace {

constexpr double kFastBytesPerSecond = 200e6;
constexpr double kSlowBytesPerSecond = 10e6;

Finding start(const Check& check, std::string object, std::string_view object_class) {
  Finding finding;
  finding.check_id = check.id;
  finding.severity = check.severity;
  finding.category = check.category;
  finding.title = check.title;
  finding.why = check.why;
  finding.object = std::move(object);
  finding.object_class = object_class;
  finding.doc = "docs/findings.md#";
  for (const char c : check.id)
    finding.doc += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return finding;
}

std::string joined(Facts facts) {
  std::string all;
  for (auto const fact : facts)
    all.append(fact).push_back('\n');
  return all;
}

/// The statements that build one index over a partitioned table without blocking writes: an invalid one on
/// the parent alone, one on each leaf, then attach; the parent's becomes valid with the last.
void index_partitions(const Catalog& catalog, int position, const std::string& parent_index,
                      const std::vector<std::string>& columns, std::vector<std::string>& statements) {
  for (int const child : catalog.partitions_of(position)) {
    const Table& table = catalog.tables[static_cast<size_t>(child)];
    std::string const name = free_index_name(catalog, table, columns);
    std::string const identity = quote_qualified(table.schema, name);
    bool const leaf = table.kind != TableKind::partitioned;
    statements.push_back(fmt::format("CREATE INDEX {}{} ON {}{} ({})", leaf ? "CONCURRENTLY " : "",
                                     quote_identifier(name), leaf ? "" : "ONLY ", table.identity,
                                     quoted_list(columns)));
    if (!leaf) index_partitions(catalog, child, identity, columns, statements);
    statements.push_back(fmt::format("ALTER INDEX {} ATTACH PARTITION {}", parent_index, identity));
  }
}

/// CREATE INDEX as pg_get_indexdef writes it, made to build without blocking writes; an index of a
/// partitioned table is built with its partitions, which the server can't do concurrently.
std::string building_statement(const std::string& definition) {
  auto const head = definition.find("INDEX ");
  if (head == std::string::npos) return definition;
  if (auto const only = definition.find(" ON ONLY "); only != std::string::npos)
    return std::string(definition).replace(only, 9, " ON ");
  return std::string(definition).insert(head + 6, "CONCURRENTLY ");
}

}  // namespace

Finding about_table(const Check& check, const Table& table, Facts more) {
  Finding finding = start(check, table.identity, "table");
  finding.schema = table.schema;
  finding.owner = table.owner;
  finding.fingerprint = fingerprint(check.id, {table.identity, joined(more)});
  return finding;
}

Finding about_index(const Check& check, const Catalog& catalog, const Index& index, Facts more) {
  const Table& table = catalog.tables[static_cast<size_t>(index.table)];
  Finding finding = start(check, index.identity, "index");
  finding.schema = table.schema;
  finding.owner = table.owner;
  finding.fingerprint = fingerprint(check.id, {table.identity, index.identity, joined(more)});
  return finding;
}

Finding about_constraint(const Check& check, const Table& table, const Constraint& constraint,
                         std::string_view facts) {
  Finding finding =
      start(check, fmt::format("{} on {}", quote_identifier(constraint.name), table.identity), "constraint");
  finding.schema = table.schema;
  finding.owner = table.owner;
  finding.fingerprint = fingerprint(check.id, {table.identity, facts});
  return finding;
}

Finding about_database(const Check& check, const Catalog& catalog) {
  Finding finding = start(check, quote_identifier(catalog.server.database), "database");
  finding.fingerprint = fingerprint(check.id, {});
  return finding;
}

Finding skipped(const Check& check, const Catalog& catalog, std::string reason) {
  Finding finding = about_database(check, catalog);
  finding.status = Status::skipped;
  finding.severity = Severity::info;
  finding.skip_reason = std::move(reason);
  finding.confidence = 0;
  finding.fingerprint = fingerprint(check.id, {"skipped"});
  return finding;
}

void fix_by_dropping(Finding& finding, const Catalog& catalog, const Index& index) {
  const Table& table = catalog.tables[static_cast<size_t>(index.table)];
  bool const concurrently = !index.partitioned;
  finding.fix = {fmt::format("DROP INDEX {}{}", concurrently ? "CONCURRENTLY " : "", index.identity)};
  finding.fix_transactional = !concurrently;
  finding.lock_level = concurrently ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE";
  finding.blocks = concurrently ? "nothing" : "reads and writes";
  finding.recreates = index.oid;
  finding.rollback = {kDefinitionHere};
  finding.freed_bytes = catalog.bytes(index.pages);
  finding.verify =
      fmt::format("select 1 where pg_catalog.to_regclass({}) is not null", quote_literal(index.identity));
  if (index.pages > 0)
    finding.evidence.add("index_size", catalog.bytes(index.pages), "bytes", "pg_class.relpages");
  finding.evidence.add("table", table.identity, "", "pg_index.indrelid");
}

void fix_by_index(Finding& finding, const Catalog& catalog, const Table& table,
                  const std::vector<std::string>& columns) {
  std::string const name = free_index_name(catalog, table, columns);
  std::string const identity = quote_qualified(table.schema, name);
  std::string const list = quoted_list(columns);
  bool const partitioned = table.kind == TableKind::partitioned;
  finding.est_seconds = scan_seconds(catalog, table);
  finding.lock_level = "SHARE UPDATE EXCLUSIVE";
  finding.blocks = "nothing";
  finding.fix_transactional = false;
  if (!partitioned) {
    finding.fix = {
        fmt::format("CREATE INDEX CONCURRENTLY {} ON {} ({})", quote_identifier(name), table.identity, list)};
    finding.rollback = {fmt::format("DROP INDEX CONCURRENTLY {}", identity)};
    return;
  }
  finding.rollback = {fmt::format("DROP INDEX {}", identity)};
  finding.lock_level = "SHARE";
  finding.blocks = "writes";
  // An index over foreign partitions never becomes valid by attaching: the server must build it in one go.
  if (table.foreign_leaf) {
    finding.fix = {fmt::format("CREATE INDEX {} ON {} ({})", quote_identifier(name), table.identity, list)};
    return;
  }
  finding.fix = {
      fmt::format("CREATE INDEX {} ON ONLY {} ({})", quote_identifier(name), table.identity, list)};
  finding.blocks = "writes, for a moment";
  index_partitions(catalog, static_cast<int>(&table - catalog.tables.data()), identity, columns, finding.fix);
}

std::string free_index_name(const Catalog& catalog, const Table& table,
                            const std::vector<std::string>& columns) {
  auto const taken = [&](const std::string& name) {
    return catalog.relation_names.contains(quote_qualified(table.schema, name));
  };
  std::string name = index_name(table.name, columns);
  std::vector<std::string> varied = columns;
  varied.emplace_back();
  for (int number = 2; taken(name); ++number) {
    varied.back() = fmt::format("{}", number);
    name = index_name(table.name, varied);
  }
  return name;
}

std::optional<std::pair<double, double>> scan_seconds(const Catalog& catalog, const Table& table) {
  if (table.rows < 0 && table.pages == 0) return std::nullopt;
  auto const bytes = static_cast<double>(catalog.bytes(table.pages));
  return std::pair(bytes / kFastBytesPerSecond, bytes / kSlowBytesPerSecond);
}

std::string verified_by_review(const Check& check, const Finding& finding) {
  return fmt::format(
      "select 1 from deal_advisor.findings_detail(areas => '{{{}}}', options => '{{\"checks\": [\"{}\"]}}') "
      "where fingerprint = '{}' and status <> 'skipped'",
      check.area, check.id, finding.fingerprint);
}

void add_size(Evidence& evidence, const Catalog& catalog, const Table& table) {
  if (table.rows >= 0)
    evidence.add("rows", static_cast<std::int64_t>(table.rows), "rows", "pg_class.reltuples");
  if (table.pages > 0) evidence.add("table_size", catalog.bytes(table.pages), "bytes", "pg_class.relpages");
}

std::vector<ObjectId> wanted_definitions(const std::vector<Finding>& findings) {
  std::vector<ObjectId> wanted;
  for (auto const& finding : findings)
    if (finding.recreates != 0) wanted.push_back(finding.recreates);
  return wanted;
}

void add_definitions(std::vector<Finding>& findings, const Definitions& definitions) {
  for (Finding& finding : findings) {
    if (finding.recreates == 0) continue;
    auto const found = definitions.find(finding.recreates);
    auto const place = std::find(finding.rollback.begin(), finding.rollback.end(), kDefinitionHere);
    if (place == finding.rollback.end()) continue;
    if (found != definitions.end())
      *place = building_statement(found->second);
    else
      finding.rollback.clear();  // gone meanwhile: half a rollback is worse than none
  }
}

}  // namespace deal::review
