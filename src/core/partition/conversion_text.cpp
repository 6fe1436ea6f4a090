#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/partition/conversion.hpp"

namespace deal::partition {

namespace {

bool escapes(std::string_view text, std::size_t quote) {
  return quote > 0 && (text[quote - 1] == 'E' || text[quote - 1] == 'e');
}

/// The place after the quoted part that begins at `at`.
std::size_t after_quoted(std::string_view text, std::size_t at) {
  char const quote = text[at];
  bool const backslash = quote == '\'' && escapes(text, at);
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (backslash && text[i] == '\\')
      ++i;
    else if (text[i] == quote)
      return i + 1;
  }
  return text.size();
}

/// The first place at or after `from`, outside quotes and parentheses, where `wanted` stands.
std::size_t find_outside(std::string_view text, std::string_view wanted, std::size_t from = 0) {
  int depth = 0;
  for (std::size_t i = from; i < text.size();) {
    if (depth == 0 && text.substr(i).starts_with(wanted)) return i;
    if (text[i] == '"' || text[i] == '\'') {
      i = after_quoted(text, i);
      continue;
    }
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    ++i;
  }
  return std::string_view::npos;
}

/// The place of the parenthesis that closes the one at `open`.
std::size_t closing(std::string_view text, std::size_t open) {
  std::size_t const close = find_outside(text, ")", open + 1);
  if (close == std::string_view::npos)
    throw Error("XX000", "definition not understood: " + std::string(text));
  return close;
}

std::size_t required(std::string_view text, std::string_view wanted, std::size_t from = 0) {
  std::size_t const at = find_outside(text, wanted, from);
  if (at == std::string_view::npos) throw Error("XX000", "definition not understood: " + std::string(text));
  return at;
}

}  // namespace

IndexDefinition parse_index(std::string_view definition) {
  IndexDefinition index;
  index.unique = definition.starts_with("CREATE UNIQUE INDEX ");
  std::size_t const on = required(definition, " ON ");
  std::size_t const method = required(definition, " USING ", on) + 7;
  std::size_t const open = required(definition, "(", method);
  std::size_t const close = closing(definition, open);
  index.method = definition.substr(method, open - 1 - method);
  index.columns = definition.substr(open + 1, close - open - 1);
  std::string_view const rest = definition.substr(close + 1);
  std::size_t const where = find_outside(rest, " WHERE ");
  index.options = rest.substr(0, where);
  if (where != std::string_view::npos) index.where = rest.substr(where);
  return index;
}

std::string index_statement(const IndexDefinition& index, std::string_view lead, const std::string& name,
                            const std::string& table, const std::string& extra,
                            const std::string& tablespace) {
  return fmt::format("create {}index {}{} on {} using {} ({}{}){}{}{}", index.unique ? "unique " : "", lead,
                     quote_identifier(name), table, index.method, index.columns,
                     extra.empty() ? "" : ", " + extra, index.options,
                     tablespace.empty() ? "" : " tablespace " + quote_identifier(tablespace), index.where);
}

std::string unique_with(std::string_view definition, const std::string& extra) {
  std::size_t const open = required(definition, "(");
  std::size_t const close = closing(definition, open);
  std::string_view const kind =
      definition.starts_with("PRIMARY KEY") ? std::string_view("UNIQUE ") : definition.substr(0, open);
  return fmt::format("{}{}, {}{}", kind, definition.substr(open, close - open), extra,
                     definition.substr(close));
}

std::string trigger_on(const TableTrigger& trigger, const std::string& table, const std::string& other) {
  std::string const& text = trigger.definition;
  std::string const on = " ON " + table + " ";
  std::size_t const at = required(text, on);
  return text.substr(0, at) + " on " + other + " " + text.substr(at + on.size());
}

bool has_key(const TableIndex& index, const std::string& column) {
  for (auto const& key : index.keys)
    if (key == column) return true;
  return false;
}

ConversionNames::ConversionNames(std::map<std::string, std::string> chosen,
                                 std::unordered_set<std::string> taken)
    : chosen_(std::move(chosen)), taken_(std::move(taken)) {}

std::string ConversionNames::pick(const std::string& purpose, const std::string& wanted) {
  auto const found = chosen_.find(purpose);
  if (found != chosen_.end()) return found->second;
  std::string name = fitting_name(wanted, "");
  for (int number = 1; taken_.contains(name); ++number)
    name = fitting_name(wanted, fmt::format("{}", number));
  taken_.insert(name);
  chosen_.emplace(purpose, name);
  return name;
}

std::string ConversionNames::chosen(const std::string& purpose) const {
  auto const found = chosen_.find(purpose);
  return found == chosen_.end() ? std::string() : found->second;
}

}  // namespace deal::partition
