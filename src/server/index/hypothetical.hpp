/// Hypothetical B-tree indexes: what the planner needs to know of an index that does not exist.
#pragma once

#include "core/index/search.hpp"
#include "server/bridge/call.hpp"

extern "C" {
#include "access/htup.h"
#include "nodes/pg_list.h"
#include "storage/block.h"
}

namespace deal::server {

/// Physical size of one index relation.
struct IndexExtent {
  BlockNumber pages = 0;  ///< all pages, the metapage included
  double tuples = 0;      ///< index entries (heap TIDs)
  int root_level = 0;     ///< 0: the root is a leaf
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
  Oid oid;    ///< of no catalog row; names it in plans
  Oid table;  ///< a table, materialised view or partitioned table
  int columns;
  int keys;
  AttrNumber* attnos;  ///< `columns` of them; 0: the next expression
  Oid* collations;     ///< `keys` of them, as the next five
  Oid* opclasses;
  Oid* opfamilies;
  Oid* input_types;
  bool* descending;
  bool* nulls_first;
  List* expressions;
  List* predicate;  ///< implicitly-ANDed; NIL: not partial
  bool unique;
  bool nulls_not_distinct;
  bool deduplicate;    ///< asked for, and every key opclass says equal means identical
  int fillfactor;      ///< percent
  IndexExtent extent;  ///< of an index on a plain table; of all leaves together on a partitioned one
  LeafExtent* leaves;  ///< sorted by relation; null unless the table is partitioned
  int leaf_count;
  Oid first_leaf_oid;     ///< the leaves' indexes are numbered from here on, in their order
  HeapTuple* statistics;  ///< rows of pg_statistic by column, null for columns without; null: for none
  const char* name;
};

/// Reads `create index ...` as the server would: names by the current search_path, opclasses, collations,
/// direction, INCLUDE, WHERE. Takes AccessShareLock on the table. Errors: the server's own for names and
/// syntax, 42601 for anything but one CREATE INDEX, 0A000 for an access method other than btree, 42P17 for
/// an expression that is not immutable, 42809 for relations that cannot be indexed.
Hypothetical* hypothetical_from_definition(const std::string& definition);

/// A plain index of default opclasses and the columns' own collations. Raises 42704 when a type has no
/// B-tree opclass.
Hypothetical* hypothetical_from_columns(Oid table, std::span<const index::KeyColumn> keys,
                                        std::span<const int32_t> include);

/// True when B-tree can index the type by default and values of it may be keys.
bool has_btree_opclass(Oid type);

/// The first of `count` consecutive numbers that no other hypothetical index has (from a range that catalogs
/// reach last; it begins anew when it is used up).
Oid next_hypothetical_oids(int count = 1);

}  // namespace deal::server
