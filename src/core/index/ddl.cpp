#include "core/index/ddl.hpp"

#include <algorithm>

#include "core/base/quote.hpp"

namespace deal::index {

namespace {

std::string column_name(const TableNames& table, std::int32_t attno) {
  return quote_identifier(table.columns.at(static_cast<size_t>(attno) - 1));
}

/// The column or expression, as it stands in a key.
std::string key_expression(const TableNames& table, std::int32_t attno) {
  return attno > 0 ? column_name(table, attno) : "(" + table.expressions.at(attno) + ")";
}

std::string opclass(const KeyColumn& key, const TableNames& table) {
  return key.opclass == 0 ? "" : " " + table.opclasses.at(key.opclass);
}

std::string direction(const KeyColumn& key) {
  std::string text = key.descending ? " desc" : "";
  if (key.nulls_first != key.descending) text += key.nulls_first ? " nulls first" : " nulls last";
  return text;
}

template <class Range, class Text>
std::string joined(const Range& range, Text&& text) {
  std::string out;
  for (auto const& item : range) {
    if (!out.empty()) out += ", ";
    out += text(item);
  }
  return out;
}

/// The words of an expression, fit for a name: lower(email) is lower_email; literals are left out.
std::string words_of(const std::string& expression) {
  std::string words;
  bool literal = false;
  for (char const c : expression) {
    if (c == '\'') literal = !literal;
    bool const letter = !literal && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
    if (letter)
      words += c;
    else if (!words.empty() && words.back() != '_')
      words += '_';
  }
  while (!words.empty() && words.back() == '_')
    words.pop_back();
  return words.substr(0, 30);
}

/// How one key column is used over all uses: the strongest kind of clause on it.
enum class Role { none, sorted, joined, ranged, found, fixed };

Role role_in(const TableUse& use, std::int32_t attno, AccessMethod method) {
  Role role = Role::none;
  for (auto const& order : use.orders)
    for (auto const& column : order)
      if (column.attno == attno) role = Role::sorted;
  for (auto const& clause : use.clauses) {
    if (clause.attno != attno || clause.method != method) continue;
    Role const here = clause.kind == ClauseKind::join     ? Role::joined
                      : clause.kind == ClauseKind::range  ? Role::ranged
                      : clause.kind == ClauseKind::search ? Role::found
                                                          : Role::fixed;
    role = std::max(role, here);
  }
  return role;
}

}  // namespace

std::string key_text(const CandidateIndex& candidate, const TableNames& table) {
  std::string text = "(" +
                     joined(candidate.keys,
                            [&](const KeyColumn& key) {
                              return key_expression(table, key.attno) + opclass(key, table) + direction(key);
                            }) +
                     ")";
  if (!candidate.include.empty())
    text += " include (" +
            joined(candidate.include, [&](std::int32_t attno) { return column_name(table, attno); }) + ")";
  if (candidate.pages_per_range > 0)
    text += " with (pages_per_range = " + std::to_string(candidate.pages_per_range) + ")";
  if (candidate.predicate != 0) text += " where " + table.predicates.at(candidate.predicate);
  return text;
}

std::string create_statement(const CandidateIndex& candidate, const TableNames& table,
                             const std::string& name, bool only) {
  return std::string("create index ") + (only ? "" : "concurrently ") + quote_identifier(name) + " on " +
         (only ? "only " : "") + quote_qualified(table.schema, table.name) +
         (candidate.method == AccessMethod::btree ? "" : " using " + std::string(name_of(candidate.method))) +
         " " + key_text(candidate, table);
}

std::string natural_name(const CandidateIndex& candidate, const TableNames& table) {
  std::vector<std::string> parts;
  for (auto const& key : candidate.keys)
    parts.push_back(key.attno > 0 ? table.columns.at(static_cast<size_t>(key.attno) - 1)
                                  : words_of(table.expressions.at(key.attno)));
  if (candidate.method != AccessMethod::btree) parts.emplace_back(name_of(candidate.method));
  if (candidate.predicate != 0) parts.emplace_back("part");
  return index_name(table.name, parts);
}

std::string drop_statement(const std::string& schema, const std::string& name, bool concurrently) {
  return std::string("drop index ") + (concurrently ? "concurrently " : "") + quote_qualified(schema, name);
}

std::string reason(const CandidateIndex& candidate, const TableNames& table,
                   const std::vector<TableUse>& uses) {
  std::vector<std::int32_t> by_role[6];
  for (auto const& key : candidate.keys) {
    Role strongest = Role::none;
    for (auto const& use : uses)
      if (use.table == candidate.table)
        strongest = std::max(strongest, role_in(use, key.attno, candidate.method));
    by_role[static_cast<int>(strongest)].push_back(key.attno);
  }
  static constexpr struct {
    Role role;
    const char* words;
  } kParts[] = {{Role::fixed, "equality on "}, {Role::found, "search in "},      {Role::joined, "join on "},
                {Role::ranged, "range on "},   {Role::sorted, "sort order of "}, {Role::none, "carries "}};
  std::string text;
  for (auto const& part : kParts) {
    auto const& attnos = by_role[static_cast<int>(part.role)];
    if (attnos.empty()) continue;
    if (!text.empty()) text += "; ";
    text += part.words + joined(attnos, [&](std::int32_t attno) {
              return attno > 0 ? column_name(table, attno) : table.expressions.at(attno);
            });
  }
  if (!candidate.include.empty())
    text += "; reads " +
            joined(candidate.include, [&](std::int32_t attno) { return column_name(table, attno); }) +
            " from the index alone";
  if (candidate.predicate != 0) text += "; only rows where " + table.predicates.at(candidate.predicate);
  return text;
}

}  // namespace deal::index
