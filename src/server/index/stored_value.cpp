#include "server/index/stored_value.hpp"

#include <algorithm>

#include "server/index/heap_block.hpp"
#include "server/index/imported.hpp"
#include "server/index/stand_in.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_statistic.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
}

namespace deal::server {

namespace {

constexpr BlockNumber kBlocksTried = 8;
constexpr uint32 kNumberOfArguments = 70'000;  ///< tells made-up values from others

/// Null for what isn't a heap with rows of its own, or can't be read during recovery.
Relation open_heap(Oid oid) {
  Relation const table = table_open(oid, AccessShareLock);
  char const kind = table->rd_rel->relkind;
  bool const readable = (kind == RELKIND_RELATION || kind == RELKIND_MATVIEW) &&
                        table->rd_tableam == GetHeapamTableAmRoutine() &&
                        (!RecoveryInProgress() || RelationIsPermanent(table));
  if (readable) return table;
  table_close(table, NoLock);
  return nullptr;
}

/// The first value that isn't NULL, from the block on.
Const* value_from(Relation table, AttrNumber attno, BlockNumber block) {
  TupleDesc const descriptor = RelationGetDescr(table);
  Form_pg_attribute const column = TupleDescAttr(descriptor, attno - 1);
  Const* found = nullptr;
  BlockNumber const end = std::min(block + kBlocksTried, RelationGetNumberOfBlocks(table));
  for (; block < end && found == nullptr; ++block)
    for_each_visible_row(table, block, nullptr, GetActiveSnapshot(), [&](HeapTuple tuple) {
      if (found != nullptr) return;
      bool null = false;
      Datum const value = heap_getattr(tuple, attno, descriptor, &null);
      if (null) return;
      found = makeConst(column->atttypid, -1, column->attcollation, column->attlen,
                        datumCopy(value, column->attbyval, column->attlen), false, column->attbyval);
    });
  return found;
}

/// No row of an imported table is here: a value that lies between two of those that its statistics list.
Const* imported_value(Oid table, AttrNumber attno, double position) {
  HeapTuple const statistics = imported_statistics(table, attno, false);
  AttStatsSlot slot;
  if (statistics == nullptr ||
      !get_attstatsslot(&slot, statistics, STATISTIC_KIND_HISTOGRAM, InvalidOid, ATTSTATSSLOT_VALUES))
    return nullptr;
  int const low = static_cast<int>((slot.nvalues - 1) * position);
  int16 length = 0;
  bool by_value = false;
  get_typlenbyval(slot.valuetype, &length, &by_value);
  Datum const value =
      between(slot.valuetype, {slot.values[low], slot.values[std::min(low + 1, slot.nvalues - 1)], 0.5,
                               kNumberOfArguments + static_cast<uint32>(low), 0});
  Const* const found = makeConst(get_atttype(table, attno), -1, get_typcollation(slot.valuetype), length,
                                 datumCopy(value, by_value, length), false, by_value);
  free_attstatsslot(&slot);
  return found;
}

Const* value_in(Oid oid, AttrNumber attno, double position) {
  if (imported(oid) != nullptr) return imported_value(oid, attno, position);
  Relation const table = open_heap(oid);
  if (table == nullptr) return nullptr;
  auto const blocks = static_cast<double>(RelationGetNumberOfBlocks(table));
  Const* const found = value_from(table, attno, static_cast<BlockNumber>(blocks * position));
  table_close(table, NoLock);
  return found;
}

}  // namespace

bool may_see(Oid table, AttrNumber attno) {
  if (check_enable_rls(table, InvalidOid, true) == RLS_ENABLED) return false;
  return pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
         pg_attribute_aclcheck(table, attno, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

Const* stored_value(Oid table, AttrNumber attno, double position) {
  List* const all = find_all_inheritors(table, AccessShareLock, nullptr);
  int const count = list_length(all);
  int const start = static_cast<int>(count * position);
  const char* const name = get_attname(table, attno, false);
  for (int i = 0; i < count; ++i) {
    Oid const one = list_nth_oid(all, (start + i) % count);
    Const* const found = value_in(one, get_attnum(one, name), position);
    if (found != nullptr) return found;
  }
  return nullptr;
}

}  // namespace deal::server
