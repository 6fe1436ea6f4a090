/// Names in a statement that no column answers: inside PL/pgSQL they are variables.
#pragma once

#include "core/query/repair.hpp"
#include "server/workload/parse.hpp"

extern "C" {
#include "parser/parse_node.h"
}

namespace deal::server {

/// Watches an analysis for names that are no column of the tables in scope, as PL/pgSQL itself does: what is
/// a column stays one, and a column that a table in scope lacks is an error as ever. The names read as null
/// of a type that the context chooses, so that the analysis goes on. May watch several analyses of one
/// statement; owns nothing.
class UnknownNames {
 public:
  /// Starts to watch what `state` analyses; its hooks for parameters stay in force. Call it inside pg::call.
  void watch(ParseState* state);
  /// Gives `state` its own hooks back. Call it inside pg::call.
  void release(ParseState* state) const;
  /// What was found in all the analyses, each place once.
  std::vector<query::Name> found() const;

 private:
  static Node* read_column(ParseState* state, ColumnRef* reference, Node* column);
  static Node* read_parameter(ParseState* state, ParamRef* reference);
  static Node* coerce_parameter(ParseState* state, Param* parameter, Oid type, int32 modifier, int location);

  List* places_ = NIL;  ///< byte offset and number of words of each, by turns
  void* inner_ = nullptr;
  ParseParamRefHook inner_parameter_ = nullptr;
  CoerceParamHook inner_coerce_ = nullptr;
};

}  // namespace deal::server
