/// Checks of the indexes of partitions beside those of their parent.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/quote.hpp"
#include "core/review/builder.hpp"
#include "core/review/partition_facts.hpp"

namespace deal::review {

namespace {

const Table& table_at(const Catalog& catalog, int position) {
  return catalog.tables[static_cast<std::size_t>(position)];
}

std::vector<std::string> key_names(const Catalog& catalog, const Index& index) {
  std::vector<std::string> names;
  const Table& table = table_at(catalog, index.table);
  for (auto const& key : catalog.keys_of(index)) {
    const Column* const column = catalog.column(table, key.number);
    names.push_back(column != nullptr ? column->name : "expression");
  }
  return names;
}

/// True if the index's key holds every column of the partition key.
bool holds_partition_key(const Catalog& catalog, const PartitionKey& key,
                         const std::vector<std::string>& names) {
  auto const wanted = catalog.column_names(table_at(catalog, key.table), key.columns);
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  });
}

/// An index of a partition with this definition that hangs on no other; nullptr if it has none.
const Index* loose_index(const Catalog& catalog, const Table& leaf, std::string_view tail) {
  auto const indexes = catalog.indexes_of(leaf);
  auto const found = std::find_if(indexes.begin(), indexes.end(), [&](const Index& index) {
    return index.parent == 0 && index.valid && definition_tail(catalog, index) == tail;
  });
  return found != indexes.end() ? &*found : nullptr;
}

bool has_attached(const Catalog& catalog, const Table& leaf, ObjectId parent_index) {
  auto const indexes = catalog.indexes_of(leaf);
  return std::any_of(indexes.begin(), indexes.end(),
                     [&](const Index& index) { return index.parent == parent_index; });
}

bool can_be_completed(const Catalog& catalog, const Table& parent) {
  auto const bounds = catalog.bounds_of(parent);
  return std::all_of(bounds.begin(), bounds.end(), [&](const PartitionBound& bound) {
    return bound.table >= 0 && table_at(catalog, bound.table).kind == TableKind::table;
  });
}

struct NewIndex {
  std::string identity;  ///< of the parent's index
  ObjectId oid = 0;      ///< of the parent's index if it exists
  std::string tail;
  std::vector<std::string> columns;
  bool unique = false;
};

/// Builds what is missing on each partition without blocking writes, and attaches everything.
void complete_on_leaves(Finding& finding, const Catalog& catalog, const Table& parent,
                        const NewIndex& index) {
  std::vector<std::string> undo;
  for (auto const& bound : catalog.bounds_of(parent)) {
    const Table& leaf = table_at(catalog, bound.table);
    if (index.oid != 0 && has_attached(catalog, leaf, index.oid)) continue;
    const Index* const there = loose_index(catalog, leaf, index.tail);
    std::string name = there != nullptr ? there->name : free_index_name(catalog, leaf, index.columns);
    std::string const build =
        fmt::format("CREATE {}INDEX CONCURRENTLY {} ON {} {}", index.unique ? "UNIQUE " : "",
                    quote_identifier(name), leaf.identity, index.tail);
    if (there == nullptr)
      finding.fix.push_back(build);
    else
      undo.push_back(build);
    finding.fix.push_back(fmt::format("ALTER INDEX {} ATTACH PARTITION {}", index.identity,
                                      quote_qualified(leaf.schema, name)));
  }
  // Dropping the parent's index takes the attached ones along, so those of before are built again.
  if (index.oid != 0) return;
  finding.rollback = {fmt::format("DROP INDEX {}", index.identity)};
  finding.rollback.insert(finding.rollback.end(), undo.begin(), undo.end());
}

void describe_fix(Finding& finding) {
  finding.fix_transactional = false;
  finding.lock_level = "SHARE UPDATE EXCLUSIVE";
  finding.blocks = "writes, for a moment";
}

/// A new index over the whole table, from one that some partitions have.
void fix_on_parent(Finding& finding, const Catalog& catalog, const Table& parent, NewIndex index) {
  std::string const name = free_index_name(catalog, parent, index.columns);
  index.identity = quote_qualified(parent.schema, name);
  finding.fix = {fmt::format("CREATE {}INDEX {} ON ONLY {} {}", index.unique ? "UNIQUE " : "",
                             quote_identifier(name), parent.identity, index.tail)};
  describe_fix(finding);
  complete_on_leaves(finding, catalog, parent, index);
}

/// Indexes of partitions that hang on no other, by their definition.
using Loose = std::map<std::string, std::vector<const Index*>>;

Loose loose_indexes(const Catalog& catalog, const Table& parent) {
  Loose loose;
  for (auto const& bound : catalog.bounds_of(parent)) {
    if (bound.table < 0 || bound.detaching) continue;
    for (auto const& index : catalog.indexes_of(table_at(catalog, bound.table))) {
      std::string const tail(definition_tail(catalog, index));
      if (index.parent != 0 || !index.valid || tail.empty()) continue;
      loose[(index.unique ? "UNIQUE " : "") + tail].push_back(&index);
    }
  }
  return loose;
}

bool parent_has(const Catalog& catalog, const Table& parent, std::string_view tail) {
  auto const indexes = catalog.indexes_of(parent);
  return std::any_of(indexes.begin(), indexes.end(),
                     [&](const Index& index) { return definition_tail(catalog, index) == tail; });
}

void report_incomplete(const Check& check, Review& review, const Table& parent, const Index& index) {
  const Catalog& catalog = review.catalog;
  Finding finding = about_table(check, parent, {index.identity});
  finding.severity = Severity::high;
  std::int64_t missing = 0;
  for (auto const& bound : catalog.bounds_of(parent))
    missing += bound.table < 0 || !has_attached(catalog, table_at(catalog, bound.table), index.oid);
  finding.evidence.add("index", index.identity, "", "pg_index.indisvalid")
      .add("partitions_without", missing, "partitions", "pg_inherits")
      .add("partitions", static_cast<std::int64_t>(catalog.bounds_of(parent).size()), "", "pg_inherits");
  finding.impact =
      "An invalid index of a partitioned table is not built on new partitions' behalf for queries to rely "
      "on, "
      "and a unique one guarantees nothing.";
  std::string const tail(definition_tail(catalog, index));
  if (!tail.empty() && can_be_completed(catalog, parent)) {
    describe_fix(finding);
    complete_on_leaves(finding, catalog, parent,
                       {index.identity, index.oid, tail, key_names(catalog, index), index.unique});
  } else {
    finding.why +=
        " Some partition is foreign, partitioned itself, or not seen: complete the index there first.";
  }
  finding.verify = fmt::format(
      "select 1 from pg_catalog.pg_index where indexrelid = pg_catalog.to_regclass({}) and not indisvalid",
      quote_literal(index.identity));
  review.findings.push_back(std::move(finding));
}

void report_mixed(const Check& check, Review& review, const Table& parent,
                  const std::vector<const Index*>& some) {
  const Catalog& catalog = review.catalog;
  std::string const tail(definition_tail(catalog, *some.front()));
  std::size_t const all = catalog.bounds_of(parent).size();
  Finding finding = about_table(check, parent, {tail});
  if (some.size() * 2 < all) finding.severity = Severity::low;
  finding.evidence.add("definition", tail, "", "pg_get_indexdef")
      .add("partitions_with", static_cast<std::int64_t>(some.size()), "partitions", "pg_index")
      .add("partitions", static_cast<std::int64_t>(all), "", "pg_inherits");
  finding.impact = some.size() == all ? "New partitions won't have it."
                                      : "A query's plan and time depend on the partition that it reads.";
  bool const constraint =
      std::any_of(some.begin(), some.end(), [](const Index* one) { return one->constraint; });
  if (constraint)
    finding.why += " It backs a constraint of the partition: declare that on the parent.";
  else if (can_be_completed(catalog, parent))
    fix_on_parent(finding, catalog, parent,
                  {"", 0, tail, key_names(catalog, *some.front()), some.front()->unique});
  finding.verify = verified_by_review(check, finding);
  review.findings.push_back(std::move(finding));
}

/// The same key with the partition key's columns behind it: unique because the shorter one is.
std::vector<std::string> widened(const Catalog& catalog, const PartitionKey& key,
                                 std::vector<std::string> names) {
  for (auto const& name : catalog.column_names(table_at(catalog, key.table), key.columns))
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

bool has_unique(const Catalog& catalog, const Table& table, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  auto const indexes = catalog.indexes_of(table);
  return std::any_of(indexes.begin(), indexes.end(), [&](const Index& index) {
    auto own = key_names(catalog, index);
    std::sort(own.begin(), own.end());
    return index.unique && own == names;
  });
}

}  // namespace

void check_leaf_indexes(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  for (auto const& key : catalog.partition_keys) {
    const Table& parent = table_at(catalog, key.table);
    for (auto const& index : catalog.indexes_of(parent))
      if (!index.valid && index.partitioned) report_incomplete(check, review, parent, index);
    for (auto const& [definition, some] : loose_indexes(catalog, parent)) {
      bool const key_of_leaf =
          some.front()->unique && !holds_partition_key(catalog, key, key_names(catalog, *some.front()));
      if (!key_of_leaf && !parent_has(catalog, parent, definition_tail(catalog, *some.front())))
        report_mixed(check, review, parent, some);
    }
  }
}

void check_leaf_keys(const Check& check, Review& review) {
  const Catalog& catalog = review.catalog;
  for (auto const& key : catalog.partition_keys) {
    const Table& parent = table_at(catalog, key.table);
    if (std::find(key.columns.begin(), key.columns.end(), 0) != key.columns.end()) continue;
    for (auto const& [definition, some] : loose_indexes(catalog, parent)) {
      std::vector<std::string> const names = key_names(catalog, *some.front());
      if (!some.front()->unique || some.front()->partial || holds_partition_key(catalog, key, names))
        continue;
      std::vector<std::string> const wide = widened(catalog, key, names);
      if (has_unique(catalog, parent, wide)) continue;
      Finding finding = about_table(check, parent, {quoted_list(names)});
      finding.evidence.add("key", quoted_list(names), "", "pg_index.indkey")
          .add("partition_key", key.definition, "", "pg_get_partkeydef")
          .add("partitions_with", static_cast<std::int64_t>(some.size()), "partitions", "pg_index");
      finding.impact = fmt::format(
          "Two partitions may hold the same {0}. The fix declares ({1}) on the whole table: new partitions "
          "get "
          "it, ON CONFLICT and foreign keys can name it; {0} alone can't be unique over partitions.",
          quoted_list(names), quoted_list(wide));
      bool const plain = std::find(names.begin(), names.end(), "expression") == names.end();
      if (plain && can_be_completed(catalog, parent))
        fix_on_parent(finding, catalog, parent,
                      {"", 0, fmt::format("USING btree ({})", quoted_list(wide)), wide, true});
      finding.verify = verified_by_review(check, finding);
      review.findings.push_back(std::move(finding));
    }
  }
}

}  // namespace deal::review
