#include "server/index/tables.hpp"

#include <algorithm>
#include <optional>

#include "core/base/quote.hpp"
#include "server/index/imported.hpp"

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
#include "nodes/nodeFuncs.h"
#include "storage/bufmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

/// One index's catalog row as plain data.
struct RawIndex {
  Oid oid;
  Oid schema;
  Oid method;
  bool valid, unique, constraint, clustered, replica_identity, attached;
  int keys, columns;
  int32 attnos[INDEX_MAX_KEYS];   ///< negative: numbers of expressions
  Oid opclasses[INDEX_MAX_KEYS];  ///< 0: the default one with the column's own collation
  int32 predicate;
  bool descending[INDEX_MAX_KEYS];
  bool nulls_first[INDEX_MAX_KEYS];
  int64 bytes;
  const char* definition;
};

/// The operator class of a key as candidates say it: 0 for the default one with the column's own collation;
/// another collation makes a number that no candidate has.
Oid opclass_of(Relation index, int key, Oid opclass, Oid type, Oid collation) {
  Oid const own = index->rd_indcollation[key];
  if (OidIsValid(own) && own != collation) return RelationGetRelid(index);
  Oid const standard = GetDefaultOpClass(type, index->rd_rel->relam);
  bool const same = OidIsValid(standard) && get_opclass_family(standard) == index->rd_opfamily[key];
  return same ? InvalidOid : opclass;
}

void read_keys(Relation index, Oid table, Vocabulary& words, RawIndex& raw) {
  Form_pg_index const row = index->rd_index;
  List* const expressions = RelationGetIndexExpressions(index);
  bool is_null = false;
  Datum const classes = SysCacheGetAttr(INDEXRELID, index->rd_indextuple, Anum_pg_index_indclass, &is_null);
  auto const* opclasses = reinterpret_cast<const oidvector*>(DatumGetPointer(classes));
  int expression = 0;
  for (int i = 0; i < raw.columns; ++i) {
    Oid type = InvalidOid;
    Oid collation = InvalidOid;
    int32 typmod = -1;
    raw.attnos[i] = row->indkey.values[i];
    if (raw.attnos[i] == 0) {
      auto* const node = static_cast<Node*>(list_nth(expressions, expression++));
      raw.attnos[i] = number_of_expression(words, table, node, 1);
      type = exprType(node);
      collation = exprCollation(node);
    } else {
      get_atttypetypmodcoll(table, static_cast<AttrNumber>(raw.attnos[i]), &type, &typmod, &collation);
    }
    if (i >= raw.keys) continue;
    raw.opclasses[i] = opclass_of(index, i, opclasses->values[i], type, collation);
    raw.descending[i] = (index->rd_indoption[i] & INDOPTION_DESC) != 0;
    raw.nulls_first[i] = (index->rd_indoption[i] & INDOPTION_NULLS_FIRST) != 0;
  }
}

RawIndex read_index(Oid oid, Oid table, Vocabulary& words) {
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
  raw.method = index->rd_rel->relam;
  raw.keys = row->indnkeyatts;
  raw.columns = row->indnatts;
  read_keys(index, table, words, raw);
  List* const predicate = RelationGetIndexPredicate(index);
  raw.predicate = predicate == NIL ? 0 : number_of_predicate(words, table, predicate, 1);
  const ImportedRelation* const figures = imported(oid);
  raw.bytes = figures != nullptr ? static_cast<int64>(figures->pages) * BLCKSZ
              : index->rd_rel->relkind == RELKIND_INDEX
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

/// What candidates call the method; nothing for one of an extension.
std::optional<index::AccessMethod> method_of(Oid method) {
  const char* const name = pg::call([&]() -> const char* { return get_am_name(method); });
  return name != nullptr ? index::access_method(name) : std::nullopt;
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
  auto const method = method_of(raw.method);
  out.candidate.method = method.value_or(index::AccessMethod::btree);
  out.candidate.predicate = raw.predicate;
  for (int i = 0; i < raw.keys; ++i)
    out.candidate.keys.push_back({raw.attnos[i], raw.descending[i], raw.nulls_first[i],
                                  method ? raw.opclasses[i] : static_cast<uint32_t>(raw.oid)});
  normalise_direction(out.candidate.keys);
  for (int i = raw.keys; i < raw.columns; ++i)
    out.candidate.include.push_back(raw.attnos[i]);
  out.candidate.bytes = raw.bytes;
  out.candidate.existing = true;
  out.candidate.droppable = raw.method == BTREE_AM_OID && !raw.unique && !raw.constraint && !raw.clustered &&
                            !raw.replica_identity && !raw.attached;
  return out;
}

int32_t average_width(Oid table, Form_pg_attribute column) {
  return pg::call([&] {
    int32 const known = get_attavgwidth(table, column->attnum);
    return known > 0 ? known : get_typavgwidth(column->atttypid, column->atttypmod);
  });
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
  if (const ImportedRelation* const figures = imported(oid); figures != nullptr) {
    table.updates += figures->updates;
    table.heap_only_updates += figures->heap_only_updates;
    return;
  }
  pg::call([&] {
    table.updates += DatumGetInt64(DirectFunctionCall1(pg_stat_get_tuples_updated, ObjectIdGetDatum(oid)));
    table.heap_only_updates +=
        DatumGetInt64(DirectFunctionCall1(pg_stat_get_tuples_hot_updated, ObjectIdGetDatum(oid)));
  });
}

IndexedTable read_table(Oid oid, int number, Vocabulary& words) {
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
    table.widths.push_back(column->attisdropped ? 0 : average_width(oid, column));
    table.sortable.push_back(!column->attisdropped && has_btree_opclass(column->atttypid));
  }
  table.indexed = columns_in_indexes(relation);
  List* const oids = pg::call([&] { return RelationGetIndexList(relation); });
  for (int i = 0; i < list_length(oids); ++i) {
    RawIndex const raw = pg::call([&] { return read_index(list_nth_oid(oids, i), oid, words); });
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
  if (fresh) tables_.push_back(read_table(table, place->second, words_));
  return place->second;
}

}  // namespace deal::server
