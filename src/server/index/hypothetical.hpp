/// Hypothetical indexes: what the planner needs to know of an index that does not exist.
#pragma once

#include "core/index/search.hpp"
#include "server/bridge/call.hpp"

extern "C" {
#include "access/htup.h"
#include "nodes/pg_list.h"
#include "storage/block.h"
}

namespace deal::server {

/// What the metapage of a GIN index would say; its price rests on them.
struct GinPages {
  double entry_pages;
  double data_pages;
  double entries;  ///< different keys
};

/// Physical size of one index relation.
struct IndexExtent {
  BlockNumber pages = 0;  ///< all pages, the metapage included
  double tuples = 0;      ///< index entries (heap TIDs)
  int root_level = 0;     ///< 0: the root is a leaf; B-tree only
  GinPages gin{};         ///< GIN only
};

/// The index on one leaf partition.
struct LeafExtent {
  Oid relation;
  IndexExtent extent;
  HeapTuple* statistics;  ///< as those of Hypothetical
};

/// One hypothetical index. Plain data in a memory context: hooks read it while the planner may jump.
/// Attribute numbers, expressions and predicate are those of `table` with range-table number 1.
struct Hypothetical {
  Oid oid;     ///< of no catalog row; names it in plans
  Oid table;   ///< a table, materialised view or partitioned table
  Oid method;  ///< pg_am
  int columns;
  int keys;
  AttrNumber* attnos;  ///< `columns` of them; 0: the next expression
  Oid* collations;     ///< `keys` of them, as the next five
  Oid* opclasses;
  Oid* opfamilies;
  Oid* input_types;
  Oid* stored_types;        ///< of what the index keeps of a key
  bytea** opclass_options;  ///< as RelationGetIndexAttOptions; null where the opclass has none
  bool* returnable;         ///< `columns` of them: an index-only scan can give the column
  bool* descending;
  bool* nulls_first;
  List* expressions;
  List* predicate;  ///< implicitly-ANDed; NIL: not partial
  bool unique;
  bool nulls_not_distinct;
  bool deduplicate;             ///< asked for, and every key opclass says equal means identical
  int fillfactor;               ///< percent; not of GIN and BRIN
  BlockNumber pages_per_range;  ///< BRIN only
  IndexExtent extent;           ///< of an index on a plain table; of all leaves together on a partitioned one
  LeafExtent* leaves;           ///< sorted by relation; null unless the table is partitioned
  int leaf_count;
  Oid first_leaf_oid;     ///< the leaves' indexes are numbered from here on, in their order
  HeapTuple* statistics;  ///< rows of pg_statistic by column, null for columns without; null: for none
  const char* name;
};

/// One key column of an index to be made. Plain data.
struct KeyPart {
  AttrNumber attno;            ///< 0: `expression`
  Node* expression;            ///< of the table as range-table entry 1; immutable
  Oid opclass = InvalidOid;    ///< invalid: the type's default one
  Oid collation = InvalidOid;  ///< invalid: the column's or the expression's
  bool descending = false;     ///< B-tree only, as the next
  bool nulls_first = false;
};

/// An index put together by its parts.
struct IndexParts {
  Oid table;
  Oid method;  ///< pg_am
  std::span<const KeyPart> keys;
  std::span<const AttrNumber> include{};
  List* predicate = nullptr;  ///< implicitly-ANDed, of the table as range-table entry 1
  int pages_per_range = 0;    ///< BRIN; 0: the default
  bool unique = false;
};

/// Reads `create index ...` as the server would: names by the current search_path, access method, opclasses
/// and their options, collations, direction, INCLUDE, WITH, WHERE. Takes AccessShareLock on the table.
/// Errors: the server's own for names, syntax and what the access method cannot do, 42601 for anything but
/// one CREATE INDEX, 0A000 for an access method without a size model, 42P17 for an expression that is not
/// immutable, 42809 for relations that cannot be indexed.
Hypothetical* hypothetical_from_definition(const std::string& definition);

/// The same from parts, for any access method. The nodes are shared, not copied. Raises 42704 when a type has
/// no default opclass and none is given, and as above for what the access method cannot do.
Hypothetical* hypothetical_from_parts(const IndexParts& parts);

/// A plain B-tree index of default opclasses and the columns' own collations. Raises 42704 when a type has no
/// B-tree opclass.
Hypothetical* hypothetical_from_columns(Oid table, std::span<const index::KeyColumn> keys,
                                        std::span<const int32_t> include);

/// A copy in the current memory context, all of it, and nothing of what reading a definition leaves behind.
/// Size, leaves and statistics aren't copied: there are none yet.
Hypothetical* compact_copy(const Hypothetical& index);

/// True when B-tree can index the type by default and values of it may be keys.
bool has_btree_opclass(Oid type);

/// The first of `count` consecutive numbers that no other hypothetical index has (from a range that catalogs
/// reach last; it begins anew when it is used up).
Oid next_hypothetical_oids(int count = 1);

}  // namespace deal::server
