#include "server/marketplace/match_tables.hpp"

#include <algorithm>
#include <cmath>

extern "C" {
#include "access/nbtree.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

using namespace deal::marketplace;

constexpr TableColumn kChangeColumns[] = {{"tenant_id", INT8OID},         {"id", INT8OID},
                                          {"product_id", INT8OID},        {"listing_id", INT8OID},
                                          {"changed_at", TIMESTAMPTZOID}, {"old_minor", INT8OID},
                                          {"new_minor", INT8OID},         {"retailer_id", INT8OID},
                                          {"condition", InvalidOid},      {"currency", BPCHAROID},
                                          {"low_30_minor", INT8OID},      {"low_90_minor", INT8OID},
                                          {"low_365_minor", INT8OID},     {"low_all_minor", INT8OID}};
constexpr TableColumn kWatchColumns[] = {{"tenant_id", INT8OID},
                                         {"id", INT8OID},
                                         {"user_id", INT8OID},
                                         {"product_id", INT8OID},
                                         {"kind", InvalidOid},
                                         {"currency", BPCHAROID},
                                         {"target_minor", INT8OID},
                                         {"percent", NUMERICOID},
                                         {"reference_minor", INT8OID},
                                         {"days", INT4OID},
                                         {"threshold_minor", INT8OID},
                                         {"min_change_minor", INT8OID},
                                         {"retailers", INT8ARRAYOID},
                                         {"conditions", ANYARRAYOID},
                                         {"hysteresis_percent", NUMERICOID},
                                         {"rearm_after", INTERVALOID},
                                         {"max_per_day", INT4OID},
                                         {"paused_until", TIMESTAMPTZOID},
                                         {"expires_at", TIMESTAMPTZOID},
                                         {"last_notified_minor", INT8OID},
                                         {"last_notified_at", TIMESTAMPTZOID},
                                         {"last_notified_listing_id", INT8OID},
                                         {"last_notified_price_at", TIMESTAMPTZOID},
                                         {"day_of_count", DATEOID},
                                         {"day_count", INT4OID},
                                         {"deleted_at", TIMESTAMPTZOID}};
static_assert(std::size(kChangeColumns) == change_column::count);
static_assert(std::size(kWatchColumns) == watch_column::count);

/// What the index must have beside its key.
constexpr int kRuleColumns[] = {watch_column::kind, watch_column::threshold, watch_column::percent};
constexpr int32 kPercentForm = ((5 << 16) | 2) + VARHDRSZ;  // numeric(5, 2)

Form_pg_attribute attribute_of(const MatchTables& tables, int column) {
  return TupleDescAttr(RelationGetDescr(tables.watches), tables.watch_columns[column] - 1);
}

bool open_plain(Relation* relation, Oid oid, LOCKMODE lock) {
  *relation = try_table_open(oid, lock);
  return *relation != nullptr && (*relation)->rd_rel->relkind == RELKIND_RELATION &&
         (*relation)->rd_tableam == GetHeapamTableAmRoutine();
}

/// Types that find_columns() does not look into.
bool types_fit(const MatchTables& tables) {
  Oid const condition =
      TupleDescAttr(RelationGetDescr(tables.changes), tables.change_columns[change_column::condition] - 1)
          ->atttypid;
  return get_element_type(attribute_of(tables, watch_column::conditions)->atttypid) == condition &&
         attribute_of(tables, watch_column::percent)->atttypmod == kPercentForm &&
         attribute_of(tables, watch_column::hysteresis)->atttypmod == kPercentForm;
}

bool find_kinds(MatchTables& tables) {
  Oid const type = attribute_of(tables, watch_column::kind)->atttypid;
  for (size_t i = 0; i < watch_kind_names.size(); ++i) {
    tables.kinds[i] = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(type),
                                      CStringGetDatum(watch_kind_names[i]));
    if (!OidIsValid(tables.kinds[i])) return false;
  }
  return true;
}

/// An index that a search for rows of a product may use, and that tells their rules.
bool serves(MatchTables& tables, Relation index) {
  Form_pg_index const form = index->rd_index;
  if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || form->indcheckxmin ||
      RelationGetIndexPredicate(index) != NIL || form->indnkeyatts < 2 ||
      form->indkey.values[0] != tables.watch_columns[watch_column::tenant] ||
      form->indkey.values[1] != tables.watch_columns[watch_column::product])
    return false;
  for (int column = 0; column < watch_column::count; ++column) {
    tables.index_columns[column] = 0;
    for (int i = 0; i < form->indnatts; ++i)
      if (form->indkey.values[i] == tables.watch_columns[column])
        tables.index_columns[column] = static_cast<AttrNumber>(i + 1);
  }
  return std::ranges::all_of(kRuleColumns, [&](int column) { return tables.index_columns[column] != 0; });
}

bool open_index(MatchTables& tables) {
  List* const indexes = RelationGetIndexList(tables.watches);
  ListCell* cell = nullptr;
  foreach (cell, indexes) {
    Relation const index = index_open(lfirst_oid(cell), AccessShareLock);
    if (serves(tables, index)) {
      tables.by_product = index;
      break;
    }
    index_close(index, AccessShareLock);
  }
  list_free(indexes);
  return tables.by_product != nullptr;
}

Datum index_value(const MatchTables& tables, int column, bool* null) {
  return index_getattr(tables.scan->xs_itup, tables.index_columns[column], tables.scan->xs_itupdesc, null);
}

WatchKind kind_of(const MatchTables& tables, Oid label) {
  for (size_t i = 0; i < watch_kind_names.size(); ++i)
    if (tables.kinds[i] == label) return static_cast<WatchKind>(i);
  return WatchKind::no_change_for;  // one that somebody has added: nothing of ours
}

}  // namespace

bool open_match_tables(MatchTables& tables) {
  MemoryContext const outer = MemoryContextSwitchTo(tables.past.context);
  bool const usable = open_plain(&tables.changes, tables.changes_oid, AccessShareLock) &&
                      open_plain(&tables.watches, tables.watches_oid, RowExclusiveLock) &&
                      find_columns(tables.changes, kChangeColumns, false, tables.change_columns) &&
                      find_columns(tables.watches, kWatchColumns, false, tables.watch_columns) &&
                      types_fit(tables) && find_kinds(tables) && open_index(tables) &&
                      open_history(tables.past, AccessShareLock);
  MemoryContextSwitchTo(outer);
  if (!usable) close_match_tables(tables);
  return usable;
}

void close_match_tables(MatchTables& tables) {
  if (tables.scan != nullptr) index_endscan(tables.scan);
  if (tables.change != nullptr) ExecDropSingleTupleTableSlot(tables.change);
  if (tables.watch != nullptr) ExecDropSingleTupleTableSlot(tables.watch);
  if (tables.written != nullptr) ExecDropSingleTupleTableSlot(tables.written);
  if (tables.target != nullptr) ExecCloseIndices(tables.target);
  if (tables.state != nullptr) FreeExecutorState(tables.state);
  if (tables.by_product != nullptr) index_close(tables.by_product, NoLock);
  if (tables.watches != nullptr) table_close(tables.watches, NoLock);
  if (tables.changes != nullptr) table_close(tables.changes, NoLock);
  close_ingest_tables(tables.past);
  tables.scan = nullptr;
  tables.change = tables.watch = tables.written = nullptr;
  tables.target = nullptr;
  tables.state = nullptr;
  tables.by_product = tables.watches = tables.changes = nullptr;
}

void begin_watches(MatchTables& tables) {
  MemoryContext const outer = MemoryContextSwitchTo(tables.past.context);
  tables.change = table_slot_create(tables.changes, nullptr);
  tables.watch = table_slot_create(tables.watches, nullptr);
  tables.scan = pg::begin_index_scan(tables.watches, tables.by_product, GetActiveSnapshot(), 2);
  tables.scan->xs_want_itup = true;
  tables.target = pg::open_target(tables.watches);
  tables.written = MakeSingleTupleTableSlot(RelationGetDescr(tables.watches), &TTSOpsHeapTuple);
  tables.state = CreateExecutorState();
  MemoryContextSwitchTo(outer);
}

void start_watches(MatchTables& tables, int64_t tenant, int64_t product) {
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(tenant));
  ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(product));
  MemoryContext const outer = MemoryContextSwitchTo(tables.past.context);
  index_rescan(tables.scan, keys, 2, nullptr, 0);
  MemoryContextSwitchTo(outer);
}

bool next_watch(MatchTables& tables, WatchRule& rule, const PriceMove& move) {
  MemoryContext const outer = MemoryContextSwitchTo(tables.past.context);
  bool const there = index_getnext_tid(tables.scan, ForwardScanDirection) != nullptr;
  MemoryContextSwitchTo(outer);
  if (!there) return false;
  bool null = false;
  rule = {};
  rule.kind = kind_of(tables, DatumGetObjectId(index_value(tables, watch_column::kind, &null)));
  Datum const threshold = index_value(tables, watch_column::threshold, &null);
  if (!null) rule.threshold = DatumGetInt64(threshold);
  // A numeric takes its time: only where without it the watch might fire.
  bool const is_of_percent = rule.kind == WatchKind::pct_vs_prev
                                 ? move.price < move.was
                                 : rule.kind == WatchKind::rise && move.price > move.was;
  if (!is_of_percent) return true;
  Datum const percent = index_value(tables, watch_column::percent, &null);
  if (!null) rule.percent = hundredths(percent);
  return true;
}

bool fetch_watch(MatchTables& tables) {
  MemoryContext const outer = MemoryContextSwitchTo(tables.past.context);
  bool const there = index_fetch_heap(tables.scan, tables.watch);
  MemoryContextSwitchTo(outer);
  if (!there) return false;
  slot_getallattrs(tables.watch);
  return tables.watch->tts_isnull[tables.watch_columns[watch_column::deleted_at] - 1];
}

int64_t hundredths(Datum number) {
  double const percent = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, number));
  return std::isfinite(percent) ? std::llround(percent * 100) : -1;
}

}  // namespace deal::server
