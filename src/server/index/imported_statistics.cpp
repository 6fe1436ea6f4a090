#include "server/index/imported_statistics.hpp"

#include <cmath>

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"
}

namespace deal::server {

namespace {

constexpr Oid kFloat8Less = 672;

/// What ANALYZE knows of the column's type.
struct ColumnType {
  Oid type;  ///< below any domain
  Oid collation;
  Oid equal;
  Oid less;
};

ColumnType describe(Oid relation, AttrNumber attno) {
  ColumnType out{};
  int32 typmod = -1;
  get_atttypetypmodcoll(relation, attno, &out.type, &typmod, &out.collation);
  out.type = getBaseType(out.type);
  TypeCacheEntry const* const known = lookup_type_cache(out.type, TYPECACHE_EQ_OPR | TYPECACHE_LT_OPR);
  out.equal = known->eq_opr;
  out.less = known->lt_opr;
  return out;
}

Datum array_from(const char* text, Oid element) {
  return OidInputFunctionCall(F_ARRAY_IN, const_cast<char*>(text), element, -1);
}

/// The slots of one row, filled one after the other.
struct Row {
  Datum values[Natts_pg_statistic];
  bool nulls[Natts_pg_statistic];
  int slots;
};

struct Slot {
  int kind;
  Oid op;
  Oid collation;
  Datum numbers = 0;  ///< 0: none
  Datum values = 0;
};

void add(Row& row, const Slot& slot) {
  if (row.slots == STATISTIC_NUM_SLOTS) return;
  int const at = row.slots++;
  row.values[Anum_pg_statistic_stakind1 - 1 + at] = Int16GetDatum(static_cast<int16>(slot.kind));
  row.values[Anum_pg_statistic_staop1 - 1 + at] = ObjectIdGetDatum(slot.op);
  row.values[Anum_pg_statistic_stacoll1 - 1 + at] = ObjectIdGetDatum(slot.collation);
  row.values[Anum_pg_statistic_stanumbers1 - 1 + at] = slot.numbers;
  row.nulls[Anum_pg_statistic_stanumbers1 - 1 + at] = slot.numbers == 0;
  row.values[Anum_pg_statistic_stavalues1 - 1 + at] = slot.values;
  row.nulls[Anum_pg_statistic_stavalues1 - 1 + at] = slot.values == 0;
}

Datum numbers_from(const char* text) {
  return array_from(text, FLOAT4OID);
}

void add_scalar_slots(Row& row, const ColumnType& about, const ImportedColumn& column) {
  if (column.common_values != nullptr && column.common_frequencies != nullptr)
    add(row, {STATISTIC_KIND_MCV, about.equal, about.collation, numbers_from(column.common_frequencies),
              array_from(column.common_values, about.type)});
  if (column.histogram != nullptr)
    add(row,
        {STATISTIC_KIND_HISTOGRAM, about.less, about.collation, 0, array_from(column.histogram, about.type)});
  if (std::isnan(column.correlation)) return;
  Datum number = Float4GetDatum(column.correlation);
  add(row, {STATISTIC_KIND_CORRELATION, about.less, about.collation,
            PointerGetDatum(construct_array(&number, 1, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT))});
}

/// Of arrays and text search vectors: what they hold.
void add_element_slots(Row& row, const ColumnType& about, const ImportedColumn& column) {
  bool const words = about.type == TSVECTOROID;
  Oid const element = words ? TEXTOID : get_base_element_type(about.type);
  if (!OidIsValid(element)) return;
  Oid const equal = lookup_type_cache(element, TYPECACHE_EQ_OPR)->eq_opr;
  Oid const collation = words ? DEFAULT_COLLATION_OID : about.collation;
  if (column.common_elements != nullptr && column.element_frequencies != nullptr)
    add(row, {STATISTIC_KIND_MCELEM, equal, collation, numbers_from(column.element_frequencies),
              array_from(column.common_elements, element)});
  if (column.element_counts != nullptr)
    add(row, {STATISTIC_KIND_DECHIST, equal, collation, numbers_from(column.element_counts)});
}

void add_range_slots(Row& row, const ColumnType& about, const ImportedColumn& column) {
  if (column.range_bounds != nullptr)
    add(row, {STATISTIC_KIND_BOUNDS_HISTOGRAM, InvalidOid, InvalidOid, 0,
              array_from(column.range_bounds, about.type)});
  if (column.range_lengths == nullptr) return;
  Datum empty = Float4GetDatum(column.empty_fraction);
  add(row, {STATISTIC_KIND_RANGE_LENGTH_HISTOGRAM, kFloat8Less, InvalidOid,
            PointerGetDatum(construct_array(&empty, 1, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT)),
            array_from(column.range_lengths, FLOAT8OID)});
}

}  // namespace

HeapTuple statistics_row(Oid relation, const ImportedColumn& column) {
  ColumnType const about = describe(relation, column.attno);
  Row row{};
  row.values[Anum_pg_statistic_starelid - 1] = ObjectIdGetDatum(relation);
  row.values[Anum_pg_statistic_staattnum - 1] = Int16GetDatum(column.attno);
  row.values[Anum_pg_statistic_stainherit - 1] = BoolGetDatum(column.inherited);
  row.values[Anum_pg_statistic_stanullfrac - 1] = Float4GetDatum(column.null_fraction);
  row.values[Anum_pg_statistic_stawidth - 1] = Int32GetDatum(column.width);
  row.values[Anum_pg_statistic_stadistinct - 1] = Float4GetDatum(column.distinct);
  add_scalar_slots(row, about, column);
  add_element_slots(row, about, column);
  add_range_slots(row, about, column);
  while (row.slots < STATISTIC_NUM_SLOTS)
    add(row, {0, InvalidOid, InvalidOid});
  Relation const catalog = table_open(StatisticRelationId, AccessShareLock);
  HeapTuple const made = heap_form_tuple(RelationGetDescr(catalog), row.values, row.nulls);
  table_close(catalog, AccessShareLock);
  return made;
}

}  // namespace deal::server
