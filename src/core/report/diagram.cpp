#include "core/report/diagram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace deal::report {

namespace {

/// One foreign key between two tables of the model, by position.
struct Edge {
  int child = 0;
  int parent = 0;
  const Constraint* key = nullptr;
};

/// Letters, digits and underscores, which is all that Mermaid takes for a column's name or type; other bytes
/// of ASCII become underscores.
std::string word(std::string_view text) {
  std::string out;
  for (const char c : text) {
    auto const byte = static_cast<unsigned char>(c);
    bool const plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || byte >= 0x80;
    out += plain ? c : '_';
  }
  if (out.empty() || (out.front() >= '0' && out.front() <= '9')) out.insert(out.begin(), '_');
  return out;
}

/// Quoted text: Mermaid has no escape for a double quote or a line break inside it, and renders HTML.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    bool const markup = c == '<' || c == '>' || static_cast<unsigned char>(c) < 0x20;
    out += c == '"' ? '\'' : markup ? ' ' : c;
  }
  return out + '"';
}

std::string entity(const Table& table) {
  return quoted(table.schema + '.' + table.name);
}

std::vector<Edge> edges_of(const Catalog& catalog) {
  std::vector<Edge> edges;
  for (auto const& constraint : catalog.constraints) {
    if (constraint.type != 'f' || constraint.inherited) continue;
    const Table* const parent = catalog.table(constraint.referenced_oid);
    if (parent == nullptr) continue;
    edges.push_back({constraint.table, static_cast<int>(parent - catalog.tables.data()), &constraint});
  }
  return edges;
}

/// The positions to show, the most connected first.
std::vector<int> chosen_tables(const Catalog& catalog, const std::vector<Edge>& edges) {
  std::vector<int> degree(catalog.tables.size(), 0);
  for (auto const& edge : edges) {
    ++degree[static_cast<size_t>(edge.child)];
    ++degree[static_cast<size_t>(edge.parent)];
  }
  std::vector<int> tables;
  for (size_t i = 0; i < degree.size(); ++i)
    if (degree[i] > 0) tables.push_back(static_cast<int>(i));
  std::stable_sort(tables.begin(), tables.end(), [&](int a, int b) {
    return degree[static_cast<size_t>(a)] > degree[static_cast<size_t>(b)];
  });
  return tables;
}

bool is_unique(const Catalog& catalog, const Table& table, const std::vector<int>& columns) {
  auto const constraints = catalog.constraints_of(table);
  std::set<int> const wanted(columns.begin(), columns.end());
  return std::any_of(constraints.begin(), constraints.end(), [&](const Constraint& c) {
    return (c.type == 'p' || c.type == 'u') && std::set<int>(c.columns.begin(), c.columns.end()) == wanted;
  });
}

void append_table(std::string& out, const Catalog& catalog, const Table& table) {
  std::set<int> primary;
  std::set<int> foreign;
  for (auto const& constraint : catalog.constraints_of(table)) {
    if (constraint.type == 'p') primary.insert(constraint.columns.begin(), constraint.columns.end());
    if (constraint.type == 'f') foreign.insert(constraint.columns.begin(), constraint.columns.end());
  }
  out += fmt::format("  {} {{\n", entity(table));
  for (auto const& column : catalog.columns_of(table)) {
    bool const in_primary = primary.contains(column.number);
    bool const in_foreign = foreign.contains(column.number);
    if (!in_primary && !in_foreign) continue;
    out += fmt::format("    {} {} {}{}{}\n", word(column.type), word(column.name), in_primary ? "PK" : "",
                       in_primary && in_foreign ? ", " : "", in_foreign ? "FK" : "");
  }
  out += "  }\n";
}

void append_edge(std::string& out, const Catalog& catalog, const Edge& edge) {
  const Table& child = catalog.tables[static_cast<size_t>(edge.child)];
  bool nullable = false;
  for (int const number : edge.key->columns) {
    const Column* const column = catalog.column(child, number);
    nullable = nullable || column == nullptr || !column->not_null;
  }
  out += fmt::format("  {} {}--{} {} : {}\n", entity(catalog.tables[static_cast<size_t>(edge.parent)]),
                     nullable ? "|o" : "||", is_unique(catalog, child, edge.key->columns) ? "o|" : "o{",
                     entity(child), quoted(edge.key->name));
}

}  // namespace

Diagram entity_diagram(const Catalog& catalog, int max_tables) {
  std::vector<Edge> const edges = edges_of(catalog);
  std::vector<int> tables = chosen_tables(catalog, edges);
  Diagram diagram;
  if (tables.empty()) return diagram;
  auto const limit = static_cast<size_t>(max_tables);
  if (tables.size() > limit) {
    diagram.left_out = static_cast<int>(tables.size() - limit);
    tables.resize(limit);
  }
  diagram.tables = static_cast<int>(tables.size());
  std::set<int> const shown(tables.begin(), tables.end());
  diagram.text = "erDiagram\n";
  for (int const position : shown)
    append_table(diagram.text, catalog, catalog.tables[static_cast<size_t>(position)]);
  for (auto const& edge : edges)
    if (shown.contains(edge.child) && shown.contains(edge.parent)) append_edge(diagram.text, catalog, edge);
  return diagram;
}

}  // namespace deal::report
