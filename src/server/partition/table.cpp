#include "server/partition/table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/datum.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

using partition::KeyKind;
using partition::Partition;
using partition::Position;

enum class End : char { minimum, value, maximum };

/// One partition as the descriptor has it; plain data, so that it can leave pg::call.
struct RawBound {
  End end = End::minimum;
  Datum value = 0;
};

struct RawPartition {
  Oid oid;
  Oid schema;
  const char* name;
  char relkind;
  float rows;
  bool is_default;
  RawBound lower;
  RawBound upper;
};

struct RawTable {
  Oid owner;
  float rows;
  Oid schema;
  const char* name;
  bool partitioned;
  char strategy;
  int key_columns;
  AttrNumber column;
  const char* column_name;
  Oid column_type;
  bool row_security;
  bool force_row_security;
  char replica_identity;
  bool any_detaching;
  int count;
  RawPartition* partitions;
};

RawBound bound_at(PartitionBoundInfo bounds, int place) {
  if (place < 0) return {};
  PartitionRangeDatumKind const kind = bounds->kind[place][0];
  if (kind == PARTITION_RANGE_DATUM_MINVALUE) return {End::minimum, 0};
  if (kind == PARTITION_RANGE_DATUM_MAXVALUE) return {End::maximum, 0};
  return {End::value, bounds->datums[place][0]};
}

RawPartition named(Oid oid) {
  RawPartition result{};
  result.oid = oid;
  HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(oid));
  if (!HeapTupleIsValid(tuple)) return result;  // dropped meanwhile: left out
  auto const* const row = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
  result.schema = row->relnamespace;
  result.name = pstrdup(NameStr(row->relname));
  result.relkind = row->relkind;
  result.rows = row->reltuples;
  ReleaseSysCache(tuple);
  return result;
}

/// Values of bounds are copied: the descriptor goes when the relation is closed.
RawBound copied(RawBound bound, PartitionKey key) {
  if (bound.end == End::value && !key->parttypbyval[0])
    bound.value = datumCopy(bound.value, false, key->parttyplen[0]);
  return bound;
}

void read_partitions(Relation relation, PartitionKey key, RawTable& table) {
  PartitionDesc const descriptor = RelationGetPartitionDesc(relation, false);
  table.any_detaching = descriptor->detached_exist;
  table.partitions =
      static_cast<RawPartition*>(palloc0(sizeof(RawPartition) * static_cast<size_t>(descriptor->nparts + 1)));
  if (descriptor->nparts == 0) return;
  PartitionBoundInfo const bounds = descriptor->boundinfo;
  // The place of an upper bound names its partition; the bound before it is the lower one.
  for (int place = 0; place < bounds->ndatums; ++place) {
    int const index = bounds->indexes[place];
    if (index < 0) continue;
    RawPartition found = named(descriptor->oids[index]);
    found.lower = copied(bound_at(bounds, place - 1), key);
    found.upper = copied(bound_at(bounds, place), key);
    if (found.name != nullptr) table.partitions[table.count++] = found;
  }
  if (bounds->default_index >= 0) {
    RawPartition found = named(descriptor->oids[bounds->default_index]);
    found.is_default = true;
    found.upper.end = End::maximum;
    if (found.name != nullptr) table.partitions[table.count++] = found;
  }
}

RawTable read_raw(Oid oid) {
  return pg::call([&] {
    RawTable table{};
    Relation const relation = table_open(oid, AccessShareLock);
    table.owner = relation->rd_rel->relowner;
    table.rows = relation->rd_rel->reltuples;
    table.schema = RelationGetNamespace(relation);
    table.name = pstrdup(RelationGetRelationName(relation));
    table.row_security = relation->rd_rel->relrowsecurity;
    table.force_row_security = relation->rd_rel->relforcerowsecurity;
    table.replica_identity = relation->rd_rel->relreplident;
    table.partitioned = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
    if (table.partitioned) {
      PartitionKey const key = RelationGetPartitionKey(relation);
      table.strategy = key->strategy;
      table.key_columns = key->partnatts;
      table.column = key->partattrs[0];
      table.column_type = key->parttypid[0];
      if (table.column != 0) table.column_name = get_attname(oid, table.column, false);
      if (table.strategy == PARTITION_STRATEGY_RANGE && table.key_columns == 1)
        read_partitions(relation, key, table);
    }
    table_close(relation, AccessShareLock);
    return table;
  });
}

std::string schema_name(Oid schema) {
  const char* const name = pg::call([&]() -> const char* { return get_namespace_name(schema); });
  return name != nullptr ? name : "";
}

Position position(const RawBound& bound, KeyKind kind, Oid type) {
  if (bound.end == End::minimum) return partition::kMinimum;
  if (bound.end == End::maximum) return partition::kMaximum;
  switch (type) {
    case INT2OID:
      return partition::position_of(kind, DatumGetInt16(bound.value));
    case INT4OID:
    case DATEOID:
      return partition::position_of(kind, DatumGetInt32(bound.value));
    case UUIDOID:
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
      return partition::position_of(kind, pg::output_of(bound.value, type)).value_or(partition::kMinimum);
    default:
      return partition::position_of(kind, DatumGetInt64(bound.value));
  }
}

bool goes_with(Oid type, KeyKind kind) {
  switch (type) {
    case TIMESTAMPTZOID:
      return kind == KeyKind::timestamptz;
    case TIMESTAMPOID:
      return kind == KeyKind::timestamp;
    case DATEOID:
      return kind == KeyKind::date;
    case INT2OID:
      return kind == KeyKind::integer;
    case INT4OID:
      return kind == KeyKind::integer || kind == KeyKind::epoch_s;
    case INT8OID:
      return kind == KeyKind::integer || kind == KeyKind::epoch_s || kind == KeyKind::epoch_ms ||
             kind == KeyKind::epoch_us;
    case UUIDOID:
      return kind == KeyKind::uuidv7;
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
      return kind == KeyKind::ulid;
    default:
      return false;
  }
}

int integer_bytes(Oid type) {
  return type == INT2OID ? 2 : type == INT4OID ? 4 : 8;
}

std::string type_name(Oid type) {
  return pg::call([&]() -> const char* { return format_type_be(type); });
}

void refuse_other_shapes(const RawTable& table, const std::string& identity) {
  if (!table.partitioned)
    throw Error("42809", identity + " is not a partitioned table")
        .hint("deal_advisor.partition_convert_plan shows how to make it one while it is in use.");
  if (table.strategy != PARTITION_STRATEGY_RANGE)
    throw Error("42809", identity + " is not partitioned by range")
        .hint(
            "List and hash partitions need no maintenance; deal_advisor.partition_create_list and _hash make "
            "them.");
  if (table.key_columns != 1)
    throw Error("0A000", identity + " is partitioned by several columns")
        .hint(
            "Sets are kept for a single key column; a second level can be partitioned within each "
            "partition.");
  if (table.column == 0)
    throw Error("0A000", identity + " is partitioned by an expression")
        .hint("Store the expression in a column, or partition by the column itself.");
}

void mark_detaching(ObjectId parent, std::vector<Partition>& partitions) {
  pg::Spi spi;
  pg::SqlResult const rows =
      spi.query("select inhrelid from pg_catalog.pg_inherits where inhparent = $1::oid and inhdetachpending",
                {std::to_string(parent)});
  for (size_t row = 0; row < rows.size(); ++row) {
    for (Partition& partition : partitions)
      partition.detaching = partition.detaching || partition.oid == rows.oid(row, 0);
  }
}

std::string replica_identity_of(ObjectId relation, char kind) {
  if (kind == REPLICA_IDENTITY_FULL) return "full";
  if (kind == REPLICA_IDENTITY_NOTHING) return "nothing";
  if (kind != REPLICA_IDENTITY_INDEX) return "";
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select c.relname from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid "
      "where i.indrelid = $1::oid and i.indisreplident",
      {std::to_string(relation)});
  return rows.empty() ? "" : rows.text(0, 0);
}

/// LOCK TABLE wants more rights than a foreign key; without them ATTACH takes the lock by itself.
std::vector<std::string> lockable_references(ObjectId relation, ObjectId owner) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select n.nspname, c.relname from (select distinct confrelid from pg_catalog.pg_constraint where "
      "conrelid = "
      "$1::oid and contype = 'f') f join pg_catalog.pg_class c on c.oid = f.confrelid join "
      "pg_catalog.pg_namespace n "
      "on n.oid = c.relnamespace where c.oid <> $1::oid and pg_catalog.has_table_privilege($2::oid, c.oid, "
      "'update, "
      "delete, truncate') order by c.oid",
      {std::to_string(relation), std::to_string(owner)});
  std::vector<std::string> tables;
  for (size_t row = 0; row < rows.size(); ++row)
    tables.push_back(quote_qualified(rows.text(row, 0), rows.text(row, 1)));
  return tables;
}

std::vector<partition::Grant> grants_on(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select pg_catalog.string_agg(a.privilege_type, ', ' order by a.privilege_type), coalesce(r.rolname, "
      "''), "
      "a.is_grantable from pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a left join "
      "pg_catalog.pg_roles r "
      "on r.oid = a.grantee where c.oid = $1::oid and a.grantee <> c.relowner group by a.grantee, r.rolname, "
      "a.is_grantable order by 2, 3",
      {std::to_string(relation)});
  std::vector<partition::Grant> grants;
  for (size_t row = 0; row < rows.size(); ++row)
    grants.push_back({rows.text(row, 0), rows.text(row, 1), rows.boolean(row, 2)});
  return grants;
}

std::vector<std::string> written_columns(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select attname from pg_catalog.pg_attribute where attrelid = $1::oid and attnum > 0 and not "
      "attisdropped and attgenerated = '' order by attnum",
      {std::to_string(relation)});
  std::vector<std::string> columns;
  for (size_t row = 0; row < rows.size(); ++row)
    columns.push_back(rows.text(row, 0));
  return columns;
}

partition::Parent facts_of(const RawTable& raw) {
  partition::Parent facts;
  facts.schema = schema_name(raw.schema);
  facts.table = raw.name;
  facts.row_security = raw.row_security;
  facts.force_row_security = raw.force_row_security;
  return facts;
}

}  // namespace

PartitionedTable read_partitioned_table(ObjectId relation, KeyKind kind) {
  RawTable const raw = read_raw(relation);
  PartitionedTable table;
  table.oid = relation;
  table.owner = raw.owner;
  table.rows = raw.rows;
  table.facts = facts_of(raw);
  std::string const identity = quote_qualified(table.facts.schema, table.facts.table);
  refuse_other_shapes(raw, identity);
  table.column = raw.column_name;
  table.column_type = raw.column_type;
  if (!goes_with(raw.column_type, kind))
    throw Error("42804",
                fmt::format("key \"{}\" of {} is of type {}, which does not go with kind {}", table.column,
                            identity, type_name(raw.column_type), partition::name_of(kind)));
  table.column_range = partition::range_of(kind, integer_bytes(raw.column_type));
  table.partitions.reserve(static_cast<size_t>(raw.count));
  Oid last_schema = InvalidOid;
  std::string last_name;
  for (int i = 0; i < raw.count; ++i) {
    RawPartition const& found = raw.partitions[i];
    if (found.schema != last_schema) last_name = schema_name(last_schema = found.schema);
    Partition partition;
    partition.oid = found.oid;
    partition.schema = last_name;
    partition.name = found.name;
    partition.rows = found.rows;
    partition.is_default = found.is_default;
    partition.foreign = found.relkind == RELKIND_FOREIGN_TABLE;
    partition.lower = position(found.lower, kind, raw.column_type);
    partition.upper = position(found.upper, kind, raw.column_type);
    table.partitions.push_back(std::move(partition));
  }
  if (raw.any_detaching) mark_detaching(relation, table.partitions);
  table.facts.replica_identity = replica_identity_of(relation, raw.replica_identity);
  return table;
}

void read_leaf_facts(PartitionedTable& table) {
  table.facts.referenced = lockable_references(table.oid, table.owner);
  table.facts.grants = grants_on(table.oid);
  table.facts.columns = written_columns(table.oid);
}

PartitionKeyFacts read_partition_key(ObjectId relation) {
  RawTable const raw = read_raw(relation);
  PartitionKeyFacts key;
  key.strategy = raw.strategy;
  if (raw.column_name != nullptr) key.column = raw.column_name;
  key.owner = raw.owner;
  key.facts = facts_of(raw);
  key.facts.replica_identity = replica_identity_of(relation, raw.replica_identity);
  key.facts.referenced = lockable_references(relation, raw.owner);
  key.facts.grants = grants_on(relation);
  return key;
}

KeyKind kind_of_type(ObjectId type) {
  switch (type) {
    case TIMESTAMPTZOID:
      return KeyKind::timestamptz;
    case TIMESTAMPOID:
      return KeyKind::timestamp;
    case DATEOID:
      return KeyKind::date;
    case INT2OID:
    case INT4OID:
    case INT8OID:
      return KeyKind::integer;
    case UUIDOID:
      return KeyKind::uuidv7;
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
      return KeyKind::ulid;
    default:
      throw Error("42804", "a table cannot be kept partitioned by type " + type_name(type))
          .hint(
              "Keys are timestamptz, timestamp, date, integers, uuid (version 7) and 26 characters of text "
              "(ULID).");
  }
}

}  // namespace deal::server
