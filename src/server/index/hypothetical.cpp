#include "server/index/hypothetical.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "server/index/access_method.hpp"

extern "C" {
#include "access/genam.h"
#include "access/nbtree.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "access/sysattr.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_proc.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_utilcmd.h"
#include "tcop/tcopprot.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

constexpr Oid kFirstOid = 0xF0000000;
constexpr Oid kOids = 0x0FFFFFFF;
Oid next_number = 1;

template <class T>
T* array_of(int count) {
  return static_cast<T*>(
      palloc0(sizeof(T) * static_cast<size_t>(count)));  // NOLINT(bugprone-sizeof-expression)
}

Hypothetical* allocate(Oid table, Oid method, int columns, int keys) {
  if (columns > INDEX_MAX_KEYS)
    pg::fail_in_call(ERRCODE_TOO_MANY_COLUMNS,
                     psprintf("cannot use more than %d columns in an index", INDEX_MAX_KEYS));
  auto* made = static_cast<Hypothetical*>(palloc0(sizeof(Hypothetical)));
  made->oid = next_hypothetical_oids();
  made->table = table;
  made->method = method;
  made->columns = columns;
  made->keys = keys;
  made->attnos = array_of<AttrNumber>(columns);
  made->collations = array_of<Oid>(keys);
  made->opclasses = array_of<Oid>(keys);
  made->opfamilies = array_of<Oid>(keys);
  made->input_types = array_of<Oid>(keys);
  made->stored_types = array_of<Oid>(keys);
  made->opclass_options = array_of<bytea*>(keys);
  made->returnable = array_of<bool>(columns);
  made->descending = array_of<bool>(keys);
  made->nulls_first = array_of<bool>(keys);
  return made;
}

/// Deduplication is safe only when equal keys are identical bytes: the opclass's own support function says.
bool keys_are_equal_image(const Hypothetical& made) {
  for (int key = 0; key < made.keys; ++key) {
    Oid const procedure = get_opfamily_proc(made.opfamilies[key], made.input_types[key],
                                            made.input_types[key], BTEQUALIMAGE_PROC);
    if (!OidIsValid(procedure)) return false;
    Datum const safe =
        OidFunctionCall1Coll(procedure, made.collations[key], ObjectIdGetDatum(made.input_types[key]));
    if (!DatumGetBool(safe)) return false;
  }
  return true;
}

/// What follows from all the columns.
void settle(Hypothetical& made, List* options) {
  read_method_options(made, options);
  settle_returnable(made);
  made.deduplicate = made.method == BTREE_AM_OID && made.deduplicate && !made.unique &&
                     made.columns == made.keys && keys_are_equal_image(made);
}

void refuse_order(const Hypothetical& made, const IndexElem& element) {
  IndexAmRoutine const* const am = method_routine(made.method);
  if (am->amcanorder) return;
  char const* const name = get_am_name(made.method);
  if (element.ordering != SORTBY_DEFAULT)
    pg::fail_in_call(ERRCODE_FEATURE_NOT_SUPPORTED,
                     psprintf("access method \"%s\" does not support ASC/DESC options", name));
  if (element.nulls_ordering != SORTBY_NULLS_DEFAULT)
    pg::fail_in_call(ERRCODE_FEATURE_NOT_SUPPORTED,
                     psprintf("access method \"%s\" does not support NULLS FIRST/LAST options", name));
}

/// A column that is only carried along has nothing but its name.
void refuse_key_options(const IndexElem& element) {
  char const* const what = element.collation != NIL                         ? "a collation"
                           : element.opclass != NIL                         ? "an operator class"
                           : element.ordering != SORTBY_DEFAULT             ? "ASC/DESC options"
                           : element.nulls_ordering != SORTBY_NULLS_DEFAULT ? "NULLS FIRST/LAST options"
                                                                            : nullptr;
  if (what != nullptr)
    pg::fail_in_call(ERRCODE_INVALID_OBJECT_DEFINITION,
                     psprintf("including column does not support %s", what));
}

void refuse_system_columns(bool any) {
  if (any)
    pg::fail_in_call(ERRCODE_FEATURE_NOT_SUPPORTED, "index creation on system columns is not supported");
}

void refuse_system_columns_in(Node* expression) {
  Bitmapset* attributes = nullptr;
  pull_varattnos(expression, 1, &attributes);
  int const first = bms_next_member(attributes, -1);
  refuse_system_columns(first >= 0 && first + FirstLowInvalidHeapAttributeNumber < 0);
}

/// Fills one key column from the parsed element; a plain column wrapped in parentheses counts as one.
void read_element(Hypothetical& made, int column, IndexElem* element, bool is_key) {
  Oid type = InvalidOid;
  Oid collation = InvalidOid;
  Node* expression = element->expr;
  if (expression != nullptr && IsA(expression, Var) && castNode(Var, expression)->varattno > 0) {
    made.attnos[column] = castNode(Var, expression)->varattno;
    expression = nullptr;
  } else if (element->name != nullptr) {
    made.attnos[column] = get_attnum(made.table, element->name);
    refuse_system_columns(made.attnos[column] < 0);
    if (made.attnos[column] == InvalidAttrNumber)
      pg::fail_in_call(ERRCODE_UNDEFINED_COLUMN, psprintf("column \"%s\" does not exist", element->name),
                       "The column must belong to the table that is indexed.");
  }
  if (expression != nullptr) {
    if (!is_key)
      pg::fail_in_call(ERRCODE_FEATURE_NOT_SUPPORTED, "expressions are not supported in included columns");
    refuse_system_columns_in(expression);
    if (contain_mutable_functions(expression))
      pg::fail_in_call(ERRCODE_INVALID_OBJECT_DEFINITION,
                       "functions in index expression must be marked IMMUTABLE");
    type = exprType(expression);
    collation = exprCollation(expression);
    made.expressions = lappend(made.expressions, eval_const_expressions(nullptr, expression));
  } else {
    int32 typmod = -1;
    get_atttypetypmodcoll(made.table, made.attnos[column], &type, &typmod, &collation);
  }
  if (!is_key) return refuse_key_options(*element);
  refuse_order(made, *element);
  if (element->collation != NIL) collation = get_collation_oid(element->collation, false);
  made.collations[column] = type_is_collatable(type) ? collation : InvalidOid;
  Oid const opclass = ResolveOpClass(element->opclass, type, get_am_name(made.method), made.method);
  set_opclass(made, column, opclass, element->opclassopts);
  made.descending[column] = element->ordering == SORTBY_DESC;
  made.nulls_first[column] = element->nulls_ordering == SORTBY_NULLS_DEFAULT
                                 ? made.descending[column]
                                 : element->nulls_ordering == SORTBY_NULLS_FIRST;
}

List* prepare_predicate(Node* clause) {
  if (clause == nullptr) return NIL;
  refuse_system_columns_in(clause);
  if (contain_mutable_functions(clause))
    pg::fail_in_call(ERRCODE_INVALID_OBJECT_DEFINITION,
                     "functions in index predicate must be marked IMMUTABLE");
  Node* folded = eval_const_expressions(nullptr, clause);
  return make_ands_implicit(canonicalize_qual(reinterpret_cast<Expr*>(folded), false));
}

/// The server keeps a partitioned table's keys unique only leaf by leaf.
void require_partition_columns(const Hypothetical& made) {
  Relation const table = relation_open(made.table, NoLock);
  PartitionKey const partition = RelationGetPartitionKey(table);
  for (int i = 0; partition != nullptr && i < get_partition_natts(partition); ++i) {
    int16 const wanted = get_partition_col_attnum(partition, i);
    AttrNumber* const end = made.attnos + made.keys;
    if (wanted == 0 || std::find(made.attnos, end, wanted) == end)
      pg::fail_in_call(ERRCODE_FEATURE_NOT_SUPPORTED,
                       "unique constraint on partitioned table must include all partitioning columns");
  }
  relation_close(table, NoLock);
}

IndexStmt* parse_definition(const char* text) {
  List* const parsed = pg_parse_query(text);
  Node* const only = list_length(parsed) == 1 ? linitial_node(RawStmt, parsed)->stmt : nullptr;
  if (only == nullptr || !IsA(only, IndexStmt))
    pg::fail_in_call(ERRCODE_SYNTAX_ERROR, psprintf("not a single CREATE INDEX statement: %s", text),
                     "Example: create index on shop.products (tenant_id, created_at desc)");
  return castNode(IndexStmt, only);
}

Oid lock_table(const RangeVar* name) {
  Oid const table = RangeVarGetRelid(name, AccessShareLock, false);
  char const kind = get_rel_relkind(table);
  if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_MATVIEW)
    pg::fail_in_call(ERRCODE_WRONG_OBJECT_TYPE, psprintf("cannot index \"%s\"", get_rel_name(table)),
                     "Indexes exist on tables, partitioned tables and materialized views.");
  return table;
}

Hypothetical* read_definition(const char* text) {
  IndexStmt* statement = parse_definition(text);
  Oid const table = lock_table(statement->relation);
  statement = transformIndexStmt(table, statement, text);
  int const keys = list_length(statement->indexParams);
  int const included = list_length(statement->indexIncludingParams);
  Oid const method = method_named(statement->accessMethod != nullptr ? statement->accessMethod : "btree");
  check_method(method, {statement->unique, keys, included});
  Hypothetical* const made = allocate(table, method, keys + included, keys);
  int column = 0;
  ListCell* cell = nullptr;
  foreach (cell, statement->indexParams)
    read_element(*made, column++, lfirst_node(IndexElem, cell), true);
  foreach (cell, statement->indexIncludingParams)
    read_element(*made, column++, lfirst_node(IndexElem, cell), false);
  made->predicate = prepare_predicate(statement->whereClause);
  made->unique = statement->unique;
  made->nulls_not_distinct = statement->nulls_not_distinct;
  if (made->unique) require_partition_columns(*made);
  settle(*made, statement->options);
  made->name = statement->idxname != nullptr ? pstrdup(statement->idxname)
                                             : psprintf("<hypothetical %u>", made->oid - kFirstOid);
  return made;
}

void read_part(Hypothetical& made, int key, const KeyPart& part) {
  Oid type = InvalidOid;
  Oid collation = InvalidOid;
  made.attnos[key] = part.attno;
  if (part.attno != 0) {
    int32 typmod = -1;
    get_atttypetypmodcoll(made.table, part.attno, &type, &typmod, &collation);
  } else {
    type = exprType(part.expression);
    collation = exprCollation(part.expression);
    made.expressions = lappend(made.expressions, part.expression);
  }
  made.collations[key] = OidIsValid(part.collation) ? part.collation : collation;
  Oid const opclass = OidIsValid(part.opclass)
                          ? part.opclass
                          : ResolveOpClass(NIL, type, get_am_name(made.method), made.method);
  set_opclass(made, key, opclass, NIL);
  made.descending[key] = part.descending;
  made.nulls_first[key] = part.nulls_first;
}

Hypothetical* assemble(const IndexParts& parts) {
  auto const keys = static_cast<int>(parts.keys.size());
  auto const included = static_cast<int>(parts.include.size());
  check_method(parts.method, {parts.unique, keys, included});
  Hypothetical* const made = allocate(parts.table, parts.method, keys + included, keys);
  for (int i = 0; i < keys; ++i)
    read_part(*made, i, parts.keys[static_cast<size_t>(i)]);
  for (int i = 0; i < included; ++i)
    made->attnos[keys + i] = parts.include[static_cast<size_t>(i)];
  made->predicate = parts.predicate;
  made->unique = parts.unique;
  if (made->unique) require_partition_columns(*made);
  settle(*made, NIL);
  if (parts.pages_per_range > 0) made->pages_per_range = static_cast<BlockNumber>(parts.pages_per_range);
  made->name = psprintf("<hypothetical %u>", made->oid - kFirstOid);
  return made;
}

}  // namespace

Oid next_hypothetical_oids(int count) {
  auto const wanted = static_cast<Oid>(count);
  if (wanted > kOids - next_number) next_number = 1;
  return kFirstOid + std::exchange(next_number, next_number + wanted);
}

Hypothetical* hypothetical_from_definition(const std::string& definition) {
  return pg::call([&] { return read_definition(definition.c_str()); });
}

Hypothetical* hypothetical_from_columns(Oid table, std::span<const index::KeyColumn> keys,
                                        std::span<const int32_t> include) {
  std::vector<KeyPart> parts;
  parts.reserve(keys.size());
  for (auto const& key : keys)
    parts.push_back({.attno = static_cast<AttrNumber>(key.attno),
                     .expression = nullptr,
                     .descending = key.descending,
                     .nulls_first = key.nulls_first});
  std::vector<AttrNumber> const included(include.begin(), include.end());
  return hypothetical_from_parts(
      {.table = table, .method = BTREE_AM_OID, .keys = parts, .include = included});
}

Hypothetical* hypothetical_from_parts(const IndexParts& parts) {
  return pg::call([&] { return assemble(parts); });
}

Hypothetical* compact_copy(const Hypothetical& index) {
  return pg::call([&] {
    auto* const copy = static_cast<Hypothetical*>(palloc(sizeof(Hypothetical)));
    *copy = index;
    auto const columns = static_cast<size_t>(index.columns);
    auto const keys = static_cast<size_t>(index.keys);
    // One piece of memory for all arrays, those of the widest elements first.
    size_t const element = sizeof(bytea*) + 5 * sizeof(Oid) + 2 * sizeof(bool);
    auto* next = static_cast<char*>(palloc(keys * element + columns * (sizeof(AttrNumber) + sizeof(bool))));
    auto const take = [&next](auto*& array, size_t count) {
      size_t const bytes = sizeof(*array) * count;  // NOLINT(bugprone-sizeof-expression): some hold pointers
      std::memcpy(next, array, bytes);
      array = reinterpret_cast<std::remove_reference_t<decltype(array)>>(next);
      next += bytes;
    };
    take(copy->opclass_options, keys);
    for (Oid** const oids :
         {&copy->collations, &copy->opclasses, &copy->opfamilies, &copy->input_types, &copy->stored_types})
      take(*oids, keys);
    take(copy->attnos, columns);
    take(copy->returnable, columns);
    take(copy->descending, keys);
    take(copy->nulls_first, keys);
    for (int key = 0; key < index.keys; ++key)
      if (index.opclass_options[key] != nullptr)
        copy->opclass_options[key] = reinterpret_cast<bytea*>(
            DatumGetPointer(datumCopy(PointerGetDatum(index.opclass_options[key]), false, -1)));
    copy->expressions = static_cast<List*>(copyObjectImpl(index.expressions));
    copy->predicate = static_cast<List*>(copyObjectImpl(index.predicate));
    copy->name = pstrdup(index.name);
    return copy;
  });
}

bool has_btree_opclass(Oid type) {
  return pg::call([&] { return OidIsValid(GetDefaultOpClass(type, BTREE_AM_OID)); });
}

}  // namespace deal::server
