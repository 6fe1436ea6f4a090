/// SQL text of index advice: statements to build and to take back, and the reason in words.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/text.hpp"
#include "core/index/candidates.hpp"

namespace deal::index {

/// Names that the texts need; columns by attribute number - 1, the rest by the candidate's numbers.
struct TableNames {
  std::string schema;
  std::string name;
  std::vector<std::string> columns;
  std::map<std::int32_t, std::string> expressions{};  ///< SQL text
  std::map<std::int32_t, std::string> predicates{};   ///< SQL text
  std::map<std::uint32_t, std::string> opclasses{};   ///< quoted names
};

/// The key as SQL: (tenant_id, created_at desc) include (title); (lower(email)) where (deleted_at is null).
std::string key_text(const CandidateIndex& candidate, const TableNames& table);

/// A statement that builds the index: `create index concurrently <name> on <table> <key>`; with `only` the
/// parent's part of a partitioned index (`create index <name> on only ...`).
std::string create_statement(const CandidateIndex& candidate, const TableNames& table,
                             const std::string& name, bool only);

/// `drop index concurrently schema.name`; without `concurrently` for partitioned indexes, which refuse it.
std::string drop_statement(const std::string& schema, const std::string& name, bool concurrently);

/// The name that the index would get if it were free: table, columns (of an expression its words), method
/// unless it is a B-tree, "part" if it is partial; at most 63 bytes.
std::string natural_name(const CandidateIndex& candidate, const TableNames& table);

/// An unused name for the index: by table and columns, numbered if `taken` says it exists.
template <class Taken>
std::string free_name(const std::string& base, Taken&& taken) {
  std::string name = base;
  for (int number = 1; taken(name); ++number) {
    std::string const suffix = std::to_string(number);
    name = std::string(utf8_prefix(base, 63 - suffix.size())) + suffix;
  }
  return name;
}

/// What the candidate does for the uses it serves: "equality on tenant_id, status; range on created_at; join
/// on
/// ...; returns rows sorted by ...".
std::string reason(const CandidateIndex& candidate, const TableNames& table,
                   const std::vector<TableUse>& uses);

}  // namespace deal::index
