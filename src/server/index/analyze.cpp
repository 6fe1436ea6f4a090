#include "server/index/analyze.hpp"

#include <algorithm>

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "commands/vacuum.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

constexpr int kRowsPerTarget = 300;  ///< of std_typanalyze

/// Gives the values to the server's code.
Datum fetch(VacAttrStatsP stats, int row, bool* null) {
  *null = stats->exprnulls[row];
  return stats->exprvals[row];
}

void describe_type(VacAttrStats& stats) {
  HeapTuple const type = SearchSysCacheCopy1(TYPEOID, ObjectIdGetDatum(stats.attrtypid));
  if (!HeapTupleIsValid(type)) pg::fail_in_call(ERRCODE_UNDEFINED_OBJECT, "the expression's type is gone");
  stats.attrtype = reinterpret_cast<Form_pg_type>(GETSTRUCT(type));
  for (int slot = 0; slot < STATISTIC_NUM_SLOTS; ++slot) {
    stats.statypid[slot] = stats.attrtypid;
    stats.statyplen[slot] = stats.attrtype->typlen;
    stats.statypbyval[slot] = stats.attrtype->typbyval;
    stats.statypalign[slot] = stats.attrtype->typalign;
  }
}

/// Lets the type say how its values are analysed; null when they cannot be.
VacAttrStats* prepare_analysis(const ExpressionValues& values) {
  auto* const stats = static_cast<VacAttrStats*>(palloc0(sizeof(VacAttrStats)));
  stats->attrtypid = exprType(values.expression);
  stats->attrtypmod = exprTypmod(values.expression);
  stats->attrcollid = OidIsValid(values.collation) ? values.collation : exprCollation(values.expression);
#if PG_VERSION_NUM >= 170000
  stats->attstattarget = -1;  // an index's columns have the default target
#else
  stats->attr = static_cast<Form_pg_attribute>(palloc0(ATTRIBUTE_FIXED_PART_SIZE));
  stats->attr->atttypid = stats->attrtypid;
  stats->attr->attstattarget = -1;
#endif
  stats->anl_context = CurrentMemoryContext;
  describe_type(*stats);
  bool const analysable =
      OidIsValid(stats->attrtype->typanalyze)
          ? DatumGetBool(OidFunctionCall1(stats->attrtype->typanalyze, PointerGetDatum(stats)))
          : std_typanalyze(stats);
  return analysable && stats->compute_stats != nullptr && stats->minrows > 0 ? stats : nullptr;
}

Datum numbers_of(const VacAttrStats& stats, int slot) {
  int const count = stats.numnumbers[slot];
  auto* const numbers = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<size_t>(count)));
  std::transform(stats.stanumbers[slot], stats.stanumbers[slot] + count, numbers, Float4GetDatum);
  return PointerGetDatum(construct_array(numbers, count, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT));
}

Datum values_of(const VacAttrStats& stats, int slot) {
  return PointerGetDatum(construct_array(stats.stavalues[slot], stats.numvalues[slot], stats.statypid[slot],
                                         stats.statyplen[slot], stats.statypbyval[slot],
                                         stats.statypalign[slot]));
}

HeapTuple form_row(const VacAttrStats& stats, TupleDesc shape) {
  Datum values[Natts_pg_statistic] = {};
  bool nulls[Natts_pg_statistic] = {};
  values[Anum_pg_statistic_starelid - 1] = ObjectIdGetDatum(InvalidOid);
  values[Anum_pg_statistic_staattnum - 1] = Int16GetDatum(1);
  values[Anum_pg_statistic_stainherit - 1] = BoolGetDatum(false);
  values[Anum_pg_statistic_stanullfrac - 1] = Float4GetDatum(stats.stanullfrac);
  values[Anum_pg_statistic_stawidth - 1] = Int32GetDatum(stats.stawidth);
  values[Anum_pg_statistic_stadistinct - 1] = Float4GetDatum(stats.stadistinct);
  for (int slot = 0; slot < STATISTIC_NUM_SLOTS; ++slot) {
    values[Anum_pg_statistic_stakind1 - 1 + slot] = Int16GetDatum(stats.stakind[slot]);
    values[Anum_pg_statistic_staop1 - 1 + slot] = ObjectIdGetDatum(stats.staop[slot]);
    values[Anum_pg_statistic_stacoll1 - 1 + slot] = ObjectIdGetDatum(stats.stacoll[slot]);
    int const number = Anum_pg_statistic_stanumbers1 - 1 + slot;
    nulls[number] = stats.numnumbers[slot] <= 0;
    if (!nulls[number]) values[number] = numbers_of(stats, slot);
    int const value = Anum_pg_statistic_stavalues1 - 1 + slot;
    nulls[value] = stats.numvalues[slot] <= 0;
    if (!nulls[value]) values[value] = values_of(stats, slot);
  }
  return heap_form_tuple(shape, values, nulls);
}

}  // namespace

HeapTuple analyze_values(const ExpressionValues& values, MemoryContext keep) {
  VacAttrStats* const stats = values.count > 0 ? prepare_analysis(values) : nullptr;
  if (stats == nullptr) return nullptr;
  stats->exprvals = values.values;
  stats->exprnulls = values.nulls;
  stats->rowstride = 1;
  stats->compute_stats(stats, fetch, values.count, values.total);
  if (!stats->stats_valid) return nullptr;
  Relation const catalog = table_open(StatisticRelationId, AccessShareLock);
  HeapTuple const row = form_row(*stats, RelationGetDescr(catalog));
  table_close(catalog, AccessShareLock);
  MemoryContext const current = MemoryContextSwitchTo(keep);
  HeapTuple const kept = heap_copytuple(row);
  MemoryContextSwitchTo(current);
  return kept;
}

int analyzed_rows(Oid table) {
  int target = default_statistics_target;
  Relation const relation = table_open(table, AccessShareLock);
  for (AttrNumber attno = 1; attno <= RelationGetDescr(relation)->natts; ++attno) {
    HeapTuple const column = SearchSysCache2(ATTNUM, ObjectIdGetDatum(table), Int16GetDatum(attno));
    if (!HeapTupleIsValid(column)) continue;
    bool null = false;
    Datum const own = SysCacheGetAttr(ATTNUM, column, Anum_pg_attribute_attstattarget, &null);
    if (!null) target = std::max<int>(target, DatumGetInt16(own));  // an int4 up to 16, never above 10000
    ReleaseSysCache(column);
  }
  table_close(relation, NoLock);
  return kRowsPerTarget * std::max(target, 1);
}

}  // namespace deal::server
