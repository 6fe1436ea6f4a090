#include "server/index/tables.hpp"

#include <algorithm>

#include "core/base/quote.hpp"

extern "C" {
#include "access/genam.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "commands/defrem.h"
#include "storage/bufmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/ruleutils.h"
}

namespace deal::server {

namespace {

/// One index's catalog row as plain data.
struct RawIndex {
  Oid oid;
  Oid schema;
  bool valid, unique, constraint, clustered, replica_identity, attached, plain;
  int keys, columns;
  AttrNumber attnos[INDEX_MAX_KEYS];
  bool descending[INDEX_MAX_KEYS];
  bool nulls_first[INDEX_MAX_KEYS];
  int64 bytes;
  const char* definition;
};

/// A B-tree on plain columns with their default opclasses and collations and no predicate: what a candidate
/// of ours could widen.
bool is_plain(Relation index, Oid table) {
  Form_pg_index const row = index->rd_index;
  if (index->rd_rel->relam != BTREE_AM_OID || RelationGetIndexExpressions(index) != NIL ||
      RelationGetIndexPredicate(index) != NIL)
    return false;
  for (int i = 0; i < row->indnkeyatts; ++i) {
    Oid type = InvalidOid;
    Oid collation = InvalidOid;
    int32 typmod = -1;
    get_atttypetypmodcoll(table, row->indkey.values[i], &type, &typmod, &collation);
    Oid const opclass = GetDefaultOpClass(type, BTREE_AM_OID);
    if (!OidIsValid(opclass) || get_opclass_family(opclass) != index->rd_opfamily[i] ||
        (OidIsValid(index->rd_indcollation[i]) && index->rd_indcollation[i] != collation))
      return false;
  }
  return true;
}

RawIndex read_index(Oid oid, Oid table) {
  RawIndex raw{};
  Relation const index = index_open(oid, AccessShareLock);
  Form_pg_index const row = index->rd_index;
  raw.oid = oid;
  raw.schema = index->rd_rel->relnamespace;
  raw.valid = row->indisvalid;
  raw.unique = row->indisunique;
  raw.clustered = row->indisclustered;
  raw.replica_identity = row->indisreplident;
  raw.attached = index->rd_rel->relispartition;
  raw.constraint = row->indisprimary || row->indisexclusion || OidIsValid(get_index_constraint(oid)) ||
                   get_index_ref_constraints(oid) != NIL;
  raw.plain = is_plain(index, table);
  raw.keys = row->indnkeyatts;
  raw.columns = row->indnatts;
  for (int i = 0; i < raw.columns; ++i)
    raw.attnos[i] = row->indkey.values[i];
  for (int i = 0; i < raw.keys; ++i) {
    raw.descending[i] = (index->rd_indoption[i] & INDOPTION_DESC) != 0;
    raw.nulls_first[i] = (index->rd_indoption[i] & INDOPTION_NULLS_FIRST) != 0;
  }
  raw.bytes = index->rd_rel->relkind == RELKIND_INDEX
                  ? static_cast<int64>(RelationGetNumberOfBlocks(index)) * BLCKSZ
                  : 0;
  raw.definition = pg_get_indexdef_string(oid);
  index_close(index, NoLock);
  return raw;
}

/// Opposite sort orders of the whole key are one index read from its two ends.
void normalise_direction(std::vector<index::KeyColumn>& keys) {
  if (keys.empty() || !keys.front().descending) return;
  for (auto& key : keys) {
    key.descending = !key.descending;
    key.nulls_first = !key.nulls_first;
  }
}

ExistingIndex as_existing(const RawIndex& raw, int table) {
  ExistingIndex out;
  out.oid = raw.oid;
  const char* const schema = pg::call([&]() -> const char* { return get_namespace_name(raw.schema); });
  const char* const name = pg::call([&]() -> const char* { return get_rel_name(raw.oid); });
  out.name = quote_qualified(schema != nullptr ? schema : "", name != nullptr ? name : "");
  out.definition = raw.definition;
  out.backs_constraint = raw.constraint;
  out.candidate.table = table;
  out.candidate.family = raw.plain ? 0 : static_cast<int32_t>(raw.oid & 0x7FFFFFFF);
  for (int i = 0; i < raw.keys; ++i)
    out.candidate.keys.push_back(
        {raw.attnos[i] != 0 ? raw.attnos[i] : -1 - i, raw.descending[i], raw.nulls_first[i]});
  normalise_direction(out.candidate.keys);
  for (int i = raw.keys; i < raw.columns; ++i)
    out.candidate.include.push_back(raw.attnos[i]);
  out.candidate.bytes = raw.bytes;
  out.candidate.existing = true;
  out.candidate.droppable =
      raw.plain && !raw.unique && !raw.constraint && !raw.clustered && !raw.replica_identity && !raw.attached;
  return out;
}

/// Columns that keep an update from being heap-only: keys, INCLUDE columns, and those in expressions and
/// predicates; not of indexes that only summarise (BRIN), from PostgreSQL 16 on.
std::vector<bool> columns_in_indexes(Relation relation) {
#if PG_VERSION_NUM >= 160000
  constexpr IndexAttrBitmapKind kind = INDEX_ATTR_BITMAP_HOT_BLOCKING;
#else
  constexpr IndexAttrBitmapKind kind = INDEX_ATTR_BITMAP_ALL;
#endif
  const Bitmapset* const columns = pg::call([&] { return RelationGetIndexAttrBitmap(relation, kind); });
  std::vector<bool> indexed;
  for (int i = 1; i <= RelationGetNumberOfAttributes(relation); ++i)
    indexed.push_back(bms_is_member(i - FirstLowInvalidHeapAttributeNumber, columns));
  return indexed;
}

void add_updates(Oid oid, IndexedTable& table) {
  pg::call([&] {
    table.updates += DatumGetInt64(DirectFunctionCall1(pg_stat_get_tuples_updated, ObjectIdGetDatum(oid)));
    table.heap_only_updates +=
        DatumGetInt64(DirectFunctionCall1(pg_stat_get_tuples_hot_updated, ObjectIdGetDatum(oid)));
  });
}

IndexedTable read_table(Oid oid, int number) {
  IndexedTable table;
  table.oid = oid;
  Relation const relation = pg::call([&] { return table_open(oid, AccessShareLock); });
  TupleDesc const shape = RelationGetDescr(relation);
  const char* const schema =
      pg::call([&]() -> const char* { return get_namespace_name(relation->rd_rel->relnamespace); });
  table.schema = schema != nullptr ? schema : "";
  table.name = NameStr(relation->rd_rel->relname);
  table.partitioned = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
  for (int i = 0; i < shape->natts; ++i) {
    Form_pg_attribute const column = TupleDescAttr(shape, i);
    table.columns.emplace_back(column->attisdropped ? "" : NameStr(column->attname));
    table.sortable.push_back(!column->attisdropped && has_btree_opclass(column->atttypid));
  }
  table.indexed = columns_in_indexes(relation);
  List* const oids = pg::call([&] { return RelationGetIndexList(relation); });
  for (int i = 0; i < list_length(oids); ++i) {
    RawIndex const raw = pg::call([&] { return read_index(list_nth_oid(oids, i), oid); });
    if (raw.valid) table.indexes.push_back(as_existing(raw, number));
  }
  // By name, not by object number: advice is the same after dump and restore.
  std::sort(table.indexes.begin(), table.indexes.end(),
            [](const ExistingIndex& a, const ExistingIndex& b) { return a.name < b.name; });
  pg::call([&] { table_close(relation, NoLock); });
  if (!table.partitioned) {
    table.extent = table_extent(oid);
    add_updates(oid, table);
    return table;
  }
  for (Oid const leaf : leaf_partitions(oid)) {
    TableExtent const part = table_extent(leaf);
    add_updates(leaf, table);
    table.extent.rows += part.rows;
    table.extent.pages += part.pages;
  }
  return table;
}

}  // namespace

std::string IndexedTable::qualified() const {
  return quote_qualified(schema, name);
}

int TableRegistry::number_of(Oid table) {
  auto const [place, fresh] = numbers_.emplace(table, static_cast<int>(tables_.size()));
  if (fresh) tables_.push_back(read_table(table, place->second));
  return place->second;
}

}  // namespace deal::server
