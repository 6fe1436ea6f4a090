#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "core/partition/conversion.hpp"
#include "core/partition/names.hpp"

namespace deal::partition {

namespace {

class Findings {
 public:
  explicit Findings(const std::vector<std::string>& accepted) : accepted_(accepted) {}

  void warning(std::string code, std::string message, std::string hint = {}) {
    found_.push_back({ConversionLevel::warning, std::move(code), std::move(message), std::move(hint)});
  }
  void error(std::string code, std::string message, std::string hint = {}) {
    found_.push_back({ConversionLevel::error, std::move(code), std::move(message), std::move(hint)});
  }
  /// An error that the option "accept" makes a warning.
  void acceptable(const std::string& code, std::string message, std::string hint) {
    if (std::find(accepted_.begin(), accepted_.end(), code) != accepted_.end())
      return warning(code, std::move(message), std::move(hint));
    hint += fmt::format(" Or take it as it is with the option {{\"accept\": [\"{}\"]}}.", code);
    error(code, std::move(message), std::move(hint));
  }
  std::vector<ConversionFinding> take() { return std::move(found_); }

 private:
  const std::vector<std::string>& accepted_;
  std::vector<ConversionFinding> found_;
};

void key_column(const ConvertedTable& table, const Conversion& conversion, Findings& found) {
  for (auto const& column : table.columns) {
    if (column.name != conversion.set.column) continue;
    if (column.generated != 0)
      found.error("generated_key", fmt::format("key column \"{}\" is generated", column.name),
                  "A generated column can't be a partition key; partition by what it is made of.");
    if (!column.not_null)
      found.warning(
          "nullable_key",
          fmt::format("key column \"{}\" may be NULL; from the conversion on NULLs are refused", column.name),
          "A partition by range has no place for NULL.");
  }
}

void unique_key(const TableIndex& index, const Conversion& conversion, Findings& found) {
  if (has_key(index, conversion.set.column)) return;
  found.warning(
      "key_grows",
      fmt::format("{} \"{}\" becomes UNIQUE with \"{}\" added: across partitions the old columns alone are "
                  "unique no more; the old table keeps its key",
                  index.constraint == 'p' ? "primary key" : "unique key", index.name, conversion.set.column),
      "INSERT ... ON CONFLICT on the old columns alone is refused afterwards: name the key column as well.");
}

void indexes(const ConvertedTable& table, const Conversion& conversion, Findings& found) {
  for (auto const& index : table.indexes) {
    if (index.constraint == 'x')
      found.error("exclusion",
                  fmt::format("exclusion constraint \"{}\" can't hold across partitions", index.name),
                  fmt::format("Drop it first: alter table {} drop constraint {};",
                              quote_qualified(table.schema, table.name), quote_identifier(index.name)));
    else if (!index.valid)
      found.warning("invalid_index", fmt::format("index \"{}\" is INVALID and is left out", index.name),
                    "REINDEX INDEX CONCURRENTLY or drop it first.");
    else if (index.unique)
      unique_key(index, conversion, found);
  }
}

void constraints(const ConvertedTable& table, Findings& found) {
  std::string const identity = quote_qualified(table.schema, table.name);
  for (auto const& check : table.checks) {
    if (check.no_inherit)
      found.warning(
          "no_inherit_check",
          fmt::format("CHECK \"{}\" is NO INHERIT: the old table keeps it, new partitions have none",
                      check.name),
          "Make it an ordinary CHECK first if it should hold for all rows.");
    else if (!check.validated)
      found.error("not_valid_check", fmt::format("CHECK \"{}\" is NOT VALID", check.name),
                  fmt::format("Validate it first: alter table {} validate constraint {};", identity,
                              quote_identifier(check.name)));
  }
  for (auto const& key : table.foreign_keys) {
    if (!key.validated)
      found.error("not_valid_foreign_key", fmt::format("foreign key \"{}\" is NOT VALID", key.name),
                  fmt::format("Validate it first: alter table {} validate constraint {};", identity,
                              quote_identifier(key.name)));
  }
}

void triggers(const ConvertedTable& table, Findings& found) {
  for (auto const& trigger : table.triggers) {
    if (trigger.for_each_row && trigger.transition_tables)
      found.error(
          "row_trigger_tables",
          fmt::format("row trigger \"{}\" has transition tables, which partitions can't have", trigger.name),
          "Make it a statement trigger, or read the rows from NEW and OLD.");
    else if (trigger.for_each_row && trigger.definition.starts_with("CREATE TRIGGER") &&
             trigger.definition.find(" BEFORE ") != std::string::npos)
      found.warning("before_trigger",
                    fmt::format("trigger \"{}\" runs before rows are written: it may not change \"the key\" "
                                "so that a row belongs elsewhere",
                                trigger.name));
  }
}

void sequences(const ConvertedTable& table, Findings& found) {
  for (auto const& sequence : table.sequences) {
    if (sequence.identity != 0 && sequence.shared)
      found.error("shared_sequence",
                  fmt::format("something else uses the identity sequence {}",
                              quote_qualified(sequence.schema, sequence.name)),
                  "An identity can't be handed over with its sequence: let the other user have its own.");
  }
}

void dependents(const ConvertedTable& table, Findings& found) {
  for (auto const& dependent : table.dependents) {
    if (dependent.may_recreate) continue;
    found.error("dependent_owner",
                fmt::format("{} is bound to the table and belongs to role \"{}\", which you can't act as",
                            dependent.identity, dependent.owner),
                fmt::format("Have a member of \"{}\" or a superuser call it.", dependent.owner));
  }
}

void publications(const ConvertedTable& table, Findings& found) {
  for (auto const& publication : table.publications) {
    if (!publication.via_root)
      found.error("publication",
                  fmt::format("publication \"{}\" would publish the partitions under their own names",
                              publication.name),
                  fmt::format("alter publication {} set (publish_via_partition_root = true);",
                              quote_identifier(publication.name)));
    else if (!publication.whole && !publication.may_alter)
      found.error("publication_owner",
                  fmt::format("publication \"{}\" belongs to role \"{}\", which you can't act as",
                              publication.name, publication.owner),
                  "Have its owner or a superuser call it.");
  }
}

/// What keeps the old table's rows from being copied to partitions of their own in the end.
void copying(const ConvertedTable& table, Findings& found) {
  if (table.force_row_security)
    found.error("copy_forced_row_security",
                "row security is forced, so the table's owner can't read all rows to copy them",
                fmt::format("alter table {} no force row level security; or convert with mode attach.",
                            quote_qualified(table.schema, table.name)));
  for (auto const& publication : table.publications) {
    if (publication.whole)
      found.error("copy_publication",
                  fmt::format("publication \"{}\" publishes every new table, copies of rows included",
                              publication.name),
                  "Publish the tables by name, or convert with mode attach.");
  }
}

}  // namespace

std::vector<ConversionFinding> conversion_findings(const ConvertedTable& table, const Conversion& conversion,
                                                   const std::vector<std::string>& accepted) {
  Findings found(accepted);
  key_column(table, conversion, found);
  indexes(table, conversion, found);
  constraints(table, found);
  triggers(table, found);
  sequences(table, found);
  dependents(table, found);
  publications(table, found);
  if (conversion.copy) copying(table, found);
  for (auto const& obstacle : table.obstacles) {
    if (obstacle.acceptable)
      found.acceptable(obstacle.code, obstacle.message, obstacle.hint);
    else
      found.error(obstacle.code, obstacle.message, obstacle.hint);
  }
  return found.take();
}

}  // namespace deal::partition
