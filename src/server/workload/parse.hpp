/// From text to the raw parse tree, by the server's own scanner and parser.
#pragma once

#include "core/model/workload.hpp"
#include "core/query/repair.hpp"
#include "server/bridge/call.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parser.h"
}

namespace deal::server {

/// One statement, parsed. Pointers live in the memory context that was current.
struct ParsedStatement {
  /// What the planner would see: of EXPLAIN, PREPARE, DECLARE CURSOR, CREATE TABLE AS, SELECT INTO and COPY
  /// (query) TO the query inside. Null when the text holds no statement or several.
  RawStmt* statement;
  List* types;       ///< the declared parameter types of a PREPARE (TypeName nodes), else NIL
  const char* text;  ///< what was parsed
  bool explained;    ///< an EXPLAIN of the statement, not the statement itself
  RawParseMode mode = RAW_PARSE_DEFAULT;  ///< how it was read
};

/// How a text may be meant.
enum class Dialect {
  sql,     ///< what a client sends
  plpgsql  ///< also what PL/pgSQL hands to the server: expressions, assignments, variables by their names
};

/// The dialect of a statement that a workload holds: SQL when a client is known to have sent it.
Dialect dialect_of(const Statement& statement);

/// The tokens of a text, up to where the scanner rejects it.
query::Tokens tokens_of(const std::string& text);

/// Byte offset in `text` that a server error about it points at; nothing when it points nowhere.
std::optional<size_t> offset_of(const pg::ServerError& error, const std::string& text);

/// Parses a text as it stands. The server's syntax errors come as they are, pointing into `text`.
ParsedStatement parse(const std::string& text, RawParseMode mode = RAW_PARSE_DEFAULT);

/// Parses a text; where normalisation left what the grammar does not take, `text` is repaired. What
/// PL/pgSQL evaluates may be an expression, or an assignment, which gives the query on its right. When
/// nothing helps the server's error about the repaired statement is thrown.
ParsedStatement parse_repaired(std::string& text, Dialect dialect);

/// What a statement reads or writes, by its raw parse tree alone.
enum class StatementKind {
  user,    ///< at least one table that isn't the system's
  system,  ///< no table, or only those of the system and of this extension
  utility  ///< a command that the planner never sees
};
StatementKind kind_of(const ParsedStatement& parsed);

/// The same for a text; an EXPLAIN is a command, whatever it explains. What can't be parsed counts as `user`:
/// it is somebody's statement and must be reported.
StatementKind kind_of(const std::string& text);

/// True for the statements that the planner sees; only their raw parse trees can be walked.
bool is_planned(const Node* node);

/// Walks a raw parse tree; `walker` returns true to stop.
bool walk_raw(Node* node, bool (*walker)(Node*, void*), void* state);

}  // namespace deal::server
