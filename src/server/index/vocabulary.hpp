/// Numbers for the expressions, predicates and operator classes that an advice run meets: the core works with
/// numbers, the planner with trees, the user with text.
#pragma once

#include <string>

#include "server/bridge/call.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

namespace deal::server {

/// Plain data in one memory context: planner hooks fill it, and the planner may jump.
struct Vocabulary {
  MemoryContext context;
  List* expressions;  ///< Phrase; number -1 - position
  List* predicates;   ///< Phrase; number 1 + position
};

/// One expression or predicate of one table, with range-table number 1.
struct Phrase {
  Oid table;
  Node* node;  ///< an expression, or an implicitly-ANDed List
};

/// An empty vocabulary in the current memory context. Runs inside pg::call.
Vocabulary* make_vocabulary();

/// The number of the expression (< 0) or implicitly-ANDed predicate (> 0), a new one at first sight. `varno`
/// is the table's range-table number in the tree, which is copied. Run inside pg::call.
int32_t number_of_expression(Vocabulary& words, Oid table, Node* expression, int varno);
int32_t number_of_predicate(Vocabulary& words, Oid table, List* clauses, int varno);

/// The table's columns that the numbered expression or predicate reads.
std::vector<int32_t> columns_read(const Vocabulary& words, int32_t number);

/// True when values of the expression sort by a B-tree.
bool is_sortable(const Vocabulary& words, int32_t expression);

/// SQL text, every name outside pg_catalog qualified: `lower(email)`, `(status = 'new'::text)`.
std::string text_of(const Vocabulary& words, int32_t number);

/// Text of an operator class, qualified unless it is in pg_catalog.
std::string opclass_text(Oid opclass);

/// True when an index may be built on the tree: all of it is immutable, reads only the relation with this
/// range-table number, holds no parameter or subquery, and calls only functions that a superuser or the
/// table's owner made, because building the index runs them with the owner's rights. Runs inside pg::call.
bool is_indexable(Node* tree, int varno, Oid table);

}  // namespace deal::server
