#include "server/index/vocabulary.hpp"

#include "core/base/quote.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/walk.hpp"
#include "server/index/hypothetical.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

/// Columns as the index's own definition has them: range-table number 1, nothing of the query around them.
Node* as_definition(Node* node, void* varno) {
  if (node == nullptr) return nullptr;
  if (IsA(node, Var)) {
    auto const* var = castNode(Var, node);
    bool const own = var->varno == *static_cast<int*>(varno) && var->varlevelsup == 0;
    if (own)
      return reinterpret_cast<Node*>(
          makeVar(1, var->varattno, var->vartype, var->vartypmod, var->varcollid, 0));
  }
  return expression_tree_mutator(node, pg::mutator(as_definition), varno);
}

int position_of(List* phrases, Oid table, const Node* node) {
  for (int i = 0; i < list_length(phrases); ++i) {
    auto const* phrase = static_cast<const Phrase*>(list_nth(phrases, i));
    if (phrase->table == table && equal(phrase->node, node)) return i;
  }
  return -1;
}

/// Position of the tree in the list, to which it is added at first sight.
int position_after_adding(Vocabulary& words, List*& phrases, Oid table, Node* tree, int varno) {
  MemoryContext const outer = MemoryContextSwitchTo(words.context);
  // The mutator leaves the values of constants where they are: in the planner's memory.
  Node* const node = as_definition(static_cast<Node*>(copyObjectImpl(tree)), &varno);
  int position = position_of(phrases, table, node);
  if (position < 0) {
    auto* phrase = static_cast<Phrase*>(palloc(sizeof(Phrase)));
    phrase->table = table;
    phrase->node = node;
    position = list_length(phrases);
    phrases = lappend(phrases, phrase);
  }
  MemoryContextSwitchTo(outer);
  return position;
}

const Phrase& phrase_of(const Vocabulary& words, int32_t number) {
  return *static_cast<const Phrase*>(number < 0 ? list_nth(words.expressions, -1 - number)
                                                : list_nth(words.predicates, number - 1));
}

struct Reading {
  int varno;
  Oid owner;  ///< of the table
};

bool is_foreign_function(Oid function, void* reading) {
  if (function < FirstNormalObjectId) return false;
  HeapTuple const tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return true;
  Oid const owner = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->proowner;
  ReleaseSysCache(tuple);
  return owner != static_cast<Reading*>(reading)->owner && !superuser_arg(owner);
}

/// True at the first thing that keeps the tree out of an index definition.
bool obstructs(Node* node, void* state) {
  if (node == nullptr) return false;
  auto* const reading = static_cast<Reading*>(state);
  switch (nodeTag(node)) {
    case T_Var: {
      auto const* var = castNode(Var, node);
      return var->varno != reading->varno || var->varlevelsup != 0 || var->varattno <= 0;
    }
    case T_Param:
    case T_SubLink:
    case T_SubPlan:
    case T_AlternativeSubPlan:
    case T_Aggref:
    case T_GroupingFunc:
    case T_WindowFunc:
    case T_PlaceHolderVar:
    case T_CurrentOfExpr:
    case T_NextValueExpr:
    case T_SetToDefault:
      return true;
    default:
      break;
  }
  if (check_functions_in_node(node, is_foreign_function, state)) return true;
  return expression_tree_walker(node, pg::walker(obstructs), state);
}

Oid owner_of(Oid table) {
  HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  Oid const owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
  ReleaseSysCache(tuple);
  return owner;
}

}  // namespace

Vocabulary* make_vocabulary() {
  auto* words = static_cast<Vocabulary*>(palloc0(sizeof(Vocabulary)));
  words->context = CurrentMemoryContext;
  return words;
}

int32_t number_of_expression(Vocabulary& words, Oid table, Node* expression, int varno) {
  return -1 - position_after_adding(words, words.expressions, table, expression, varno);
}

int32_t number_of_predicate(Vocabulary& words, Oid table, List* clauses, int varno) {
  return 1 + position_after_adding(words, words.predicates, table, reinterpret_cast<Node*>(clauses), varno);
}

std::vector<int32_t> columns_read(const Vocabulary& words, int32_t number) {
  Phrase const& phrase = phrase_of(words, number);
  Bitmapset* attributes = nullptr;
  pg::call([&] { pull_varattnos(phrase.node, 1, &attributes); });
  std::vector<int32_t> columns;
  for (int member = bms_next_member(attributes, -1); member >= 0;
       member = bms_next_member(attributes, member))
    columns.push_back(member + FirstLowInvalidHeapAttributeNumber);
  return columns;
}

bool is_sortable(const Vocabulary& words, int32_t expression) {
  Node* const node = phrase_of(words, expression).node;
  return has_btree_opclass(pg::call([&] { return exprType(node); }));
}

std::string text_of(const Vocabulary& words, int32_t number) {
  Phrase const& phrase = phrase_of(words, number);
  pg::LocalSettings const settings;
  settings.set("search_path", "pg_catalog");
  return pg::call([&]() -> const char* {
    auto* const tree = IsA(phrase.node, List)
                           ? reinterpret_cast<Node*>(make_ands_explicit(reinterpret_cast<List*>(phrase.node)))
                           : phrase.node;
    const char* const name = get_rel_name(phrase.table);
    return deparse_expression(tree, deparse_context_for(name != nullptr ? name : "", phrase.table), false,
                              false);
  });
}

std::string opclass_text(Oid opclass) {
  struct Name {
    Oid schema;
    const char* name;
  };
  Name const found = pg::call([&] {
    Name out{InvalidOid, ""};
    HeapTuple const tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
    if (!HeapTupleIsValid(tuple)) return out;
    auto const* row = reinterpret_cast<Form_pg_opclass>(GETSTRUCT(tuple));
    out = {row->opcnamespace, pstrdup(NameStr(row->opcname))};
    ReleaseSysCache(tuple);
    return out;
  });
  if (found.schema == PG_CATALOG_NAMESPACE) return quote_identifier(found.name);
  const char* const schema = pg::call([&]() -> const char* { return get_namespace_name(found.schema); });
  return quote_qualified(schema != nullptr ? schema : "", found.name);
}

bool is_indexable(Node* tree, int varno, Oid table) {
  Reading reading{varno, owner_of(table)};
  return !obstructs(tree, &reading) && !expression_returns_set(tree) && !contain_mutable_functions(tree);
}

}  // namespace deal::server
