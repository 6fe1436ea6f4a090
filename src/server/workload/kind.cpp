#include <algorithm>
#include <array>

#include "server/bridge/subtransaction.hpp"
#include "server/bridge/walk.hpp"
#include "server/workload/parse.hpp"

extern "C" {
#include "catalog/pg_namespace.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

/// State of a walk that looks for a table which isn't the system's. Owns nothing.
struct TableSearch {
  List* queries_by_name;  ///< names of the WITH queries in scope
  bool found;
};

bool in_scope(const List* names, const char* name) {
  ListCell* cell = nullptr;
  foreach (cell, names)
    if (std::strcmp(static_cast<const char*>(lfirst(cell)), name) == 0) return true;
  return false;
}

bool is_user_table(const RangeVar& table, const TableSearch& search) {
  static constexpr std::array<std::string_view, 5> kSystem{"pg_catalog", "information_schema", "pg_toast",
                                                           "deal_advisor", "deal_advisor_data"};
  // Monitoring reads these; whoever asks for advice is not interested in it.
  if (std::string_view(table.relname).starts_with("pg_stat_statements")) return false;
  if (table.schemaname != nullptr)
    return std::find(kSystem.begin(), kSystem.end(), table.schemaname) == kSystem.end();
  if (in_scope(search.queries_by_name, table.relname)) return false;
  // pg_catalog comes first in every search_path that does not name it.
  return get_relname_relid(table.relname, PG_CATALOG_NAMESPACE) == InvalidOid;
}

WithClause** with_clause_of(Node* node) {
  switch (nodeTag(node)) {
    case T_SelectStmt:
      return &reinterpret_cast<SelectStmt*>(node)->withClause;
    case T_InsertStmt:
      return &reinterpret_cast<InsertStmt*>(node)->withClause;
    case T_UpdateStmt:
      return &reinterpret_cast<UpdateStmt*>(node)->withClause;
    case T_DeleteStmt:
      return &reinterpret_cast<DeleteStmt*>(node)->withClause;
    case T_MergeStmt:
      return &reinterpret_cast<MergeStmt*>(node)->withClause;
    default:
      return nullptr;
  }
}

bool search_tables(Node* node, void* state);

/// Walks the queries of a WITH and leaves their names in scope.
void search_with(const WithClause& with, TableSearch& search) {
  ListCell* cell = nullptr;
  if (with.recursive)
    foreach (cell, with.ctes)
      search.queries_by_name = lappend(search.queries_by_name, lfirst_node(CommonTableExpr, cell)->ctename);
  foreach (cell, with.ctes) {
    auto* const query = lfirst_node(CommonTableExpr, cell);
    (void)search_tables(query->ctequery, &search);
    if (!with.recursive) search.queries_by_name = lappend(search.queries_by_name, query->ctename);
  }
}

bool search_tables(Node* node, void* state) {
  auto& search = *static_cast<TableSearch*>(state);
  if (node == nullptr || search.found) return search.found;
  if (IsA(node, RangeVar)) {
    search.found = is_user_table(*reinterpret_cast<RangeVar*>(node), search);
    return search.found;
  }
  WithClause** const with = with_clause_of(node);
  if (with == nullptr || *with == nullptr) return walk_raw(node, search_tables, state);
  List* const outer = search.queries_by_name;
  search.queries_by_name = list_copy(outer);
  WithClause* const clause = *with;
  search_with(*clause, search);
  *with = nullptr;  // walked already, with narrower scopes
  (void)walk_raw(node, search_tables, state);
  *with = clause;
  search.queries_by_name = outer;
  return search.found;
}

}  // namespace

bool is_planned(const Node* node) {
  NodeTag const tag = nodeTag(node);
  return tag == T_SelectStmt || tag == T_InsertStmt || tag == T_UpdateStmt || tag == T_DeleteStmt ||
         tag == T_MergeStmt;
}

bool walk_raw(Node* node, bool (*walker)(Node*, void*), void* state) {
  return raw_expression_tree_walker(node, pg::walker(walker), state);
}

StatementKind kind_of(const ParsedStatement& parsed) {
  if (parsed.statement == nullptr) return StatementKind::user;
  Node* const node = parsed.statement->stmt;
  if (!is_planned(node)) return StatementKind::utility;
  TableSearch search{NIL, false};
  pg::call([&] { (void)search_tables(node, &search); });
  return search.found ? StatementKind::user : StatementKind::system;
}

StatementKind kind_of(const std::string& text) {
  StatementKind kind = StatementKind::user;
  (void)pg::attempt(pg::OnSuccess::commit, [&] {
    std::string repaired = text;
    ParsedStatement const parsed = parse_repaired(repaired, Dialect::plpgsql);
    kind = parsed.explained ? StatementKind::utility : kind_of(parsed);
  });
  return kind;
}

}  // namespace deal::server
