#include "core/base/quote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/text.hpp"

namespace deal {

namespace {

constexpr std::size_t kMaxIdentifierBytes = 63;

// Every keyword of PostgreSQL 15, 17 or 18 that isn't in the category "unreserved", sorted.
constexpr std::array<std::string_view, 164> kKeywords{
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json",
    "json_array",
    "json_arrayagg",
    "json_exists",
    "json_object",
    "json_objectagg",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "merge_action",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
};

constexpr bool sorted_keywords() {
  for (std::size_t i = 1; i < kKeywords.size(); ++i) {
    if (kKeywords[i - 1] >= kKeywords[i]) return false;
  }
  return true;
}
static_assert(sorted_keywords());

bool starts_plain(char c) noexcept {
  return (c >= 'a' && c <= 'z') || c == '_';
}

bool is_plain(char c) noexcept {
  return starts_plain(c) || (c >= '0' && c <= '9');
}

bool needs_no_quotes(std::string_view name) {
  return !name.empty() && starts_plain(name.front()) && std::all_of(name.begin(), name.end(), is_plain) &&
         !std::binary_search(kKeywords.begin(), kKeywords.end(), name);
}

void append_doubled(std::string& out, std::string_view text, char doubled) {
  for (const char c : text) {
    if (c == doubled) out += c;
    out += c;
  }
}

// FNV-1a: short, and the same on every machine and in every version of ours.
std::uint32_t stable_hash(std::string_view text) noexcept {
  std::uint32_t hash = 2166136261u;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

std::string cut_to_fit(std::string_view name, std::string_view suffix, std::string_view hashed) {
  const std::string end = fmt::format("_{:08x}{}", stable_hash(hashed), suffix);
  return std::string(utf8_prefix(name, kMaxIdentifierBytes - end.size())) + end;
}

}  // namespace

std::string quote_identifier(std::string_view name) {
  if (needs_no_quotes(name)) return std::string(name);
  std::string quoted = "\"";
  append_doubled(quoted, name, '"');
  quoted += '"';
  return quoted;
}

std::string quote_qualified(std::string_view schema, std::string_view name) {
  if (schema.empty()) return quote_identifier(name);
  return quote_identifier(schema) + '.' + quote_identifier(name);
}

std::string quote_literal(std::string_view text) {
  const bool escape = text.find('\\') != std::string_view::npos;
  std::string quoted = escape ? "E'" : "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  quoted += '\'';
  return quoted;
}

std::string fitting_name(std::string_view name, std::string_view suffix) {
  if (name.size() + suffix.size() <= kMaxIdentifierBytes) return std::string(name).append(suffix);
  return cut_to_fit(name, suffix, name);
}

std::string index_name(std::string_view table, std::span<const std::string> columns) {
  std::string name(table);
  for (const std::string& column : columns)
    name.append("_").append(column);
  std::string whole = name + "_idx";
  if (whole.size() <= kMaxIdentifierBytes) return whole;
  return cut_to_fit(name, "_idx", whole);
}

}  // namespace deal
