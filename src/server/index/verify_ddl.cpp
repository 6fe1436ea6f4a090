#include "server/index/verify_ddl.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "server/index/evaluate.hpp"
#include "server/workload/parse.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

/// The relation of that name, locked against being dropped; InvalidOid when there need not be one.
Oid locked_relation(const RangeVar* name, bool missing_ok) {
  return pg::call([&] { return RangeVarGetRelid(name, AccessShareLock, missing_ok); });
}

/// CONCURRENTLY is the first word of that spelling: nothing but keywords stands before it. What is built is
/// rolled back, so nobody can wait for it to become valid.
void blank_concurrently(std::string& sql, const query::Tokens& tokens) {
  for (auto const& token : tokens) {
    if (token.kind != query::TokenKind::word || token.text != "concurrently") continue;
    std::fill(sql.begin() + static_cast<ptrdiff_t>(token.begin),
              sql.begin() + static_cast<ptrdiff_t>(token.end), ' ');
    return;
  }
}

/// The end of the name that begins at `begin`: words with dots between them.
size_t end_of_name(const query::Tokens& tokens, size_t begin) {
  size_t end = begin;
  bool dot = true;
  for (auto const& token : tokens) {
    if (token.begin < begin) continue;
    bool const is_dot = token.text == "." && token.end == token.begin + 1;
    if (dot == is_dot) break;
    end = token.end;
    dot = is_dot;
  }
  return end;
}

VerifiedCommand read_create(const std::string& sql, const IndexStmt& statement) {
  VerifiedCommand command;
  command.sql = sql;
  command.definition = sql;
  auto const tokens = tokens_of(sql);
  if (statement.concurrent) blank_concurrently(command.definition, tokens);
  command.table = locked_relation(statement.relation, false);
  command.name_begin = static_cast<size_t>(statement.relation->location);
  command.name_end = end_of_name(tokens, command.name_begin);
  command.only = !statement.relation->inh &&
                 pg::call([&] { return get_rel_relkind(command.table); }) == RELKIND_PARTITIONED_TABLE;
  return command;
}

std::vector<VerifiedCommand> read_drop(const std::string& sql, const DropStmt& statement) {
  std::vector<VerifiedCommand> commands;
  for (int i = 0; i < list_length(statement.objects); ++i) {
    VerifiedCommand command;
    command.kind = IndexCommand::drop;
    command.sql = sql;
    List* const name = static_cast<List*>(list_nth(statement.objects, i));
    const RangeVar* const range = pg::call([&] { return makeRangeVarFromNameList(name); });
    command.index = locked_relation(range, statement.missing_ok);
    if (!OidIsValid(command.index)) continue;
    (void)index_tree(command.index);  // refuses what is no index
    command.table = pg::call([&] { return IndexGetRelation(command.index, false); });
    commands.push_back(std::move(command));
  }
  return commands;
}

bool is_attach(const Node* node) {
  if (!IsA(node, AlterTableStmt)) return false;
  auto const* statement = reinterpret_cast<const AlterTableStmt*>(node);
  return statement->objtype == OBJECT_INDEX && list_length(statement->cmds) == 1 &&
         linitial_node(AlterTableCmd, statement->cmds)->subtype == AT_AttachPartition;
}

std::vector<VerifiedCommand> read(const std::string& sql) {
  ParsedStatement const parsed = parse(sql);
  const Node* const node = parsed.statement != nullptr ? parsed.statement->stmt : nullptr;
  if (node != nullptr && IsA(node, IndexStmt))
    return {read_create(sql, *reinterpret_cast<const IndexStmt*>(node))};
  if (node != nullptr && IsA(node, DropStmt) &&
      reinterpret_cast<const DropStmt*>(node)->removeType == OBJECT_INDEX)
    return read_drop(sql, *reinterpret_cast<const DropStmt*>(node));
  if (node != nullptr && is_attach(node)) {
    VerifiedCommand command;
    command.kind = IndexCommand::attach;
    command.sql = command.definition = sql;
    return {command};
  }
  throw Error("0A000", "index_verify takes one CREATE INDEX or DROP INDEX statement per element")
      .detail("It was given: " + sql)
      .hint(
          "Hand in the elements of index_advice's ddl, or write such statements, e.g. 'create index on "
          "shop.products (brand_id)'.");
}

}  // namespace

std::vector<VerifiedCommand> read_index_command(const std::string& sql) {
  return pg::reading(sql, [&] { return read(sql); });
}

std::string definition_on(const VerifiedCommand& command, const std::string& table) {
  std::string text = command.definition;
  return text.replace(command.name_begin, command.name_end - command.name_begin, table);
}

}  // namespace deal::server
