#include "server/marketplace/match_write.hpp"

#include <algorithm>

#include "server/bridge/memory.hpp"
#include "server/bridge/table_write.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "utils/date.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace deal::server {

namespace {

using namespace deal::marketplace;
namespace column = watch_column;

/// Watches between two looks at whether the statement must end.
constexpr size_t kStretch = 256;

/// What alerts write; check_match() names the same columns.
constexpr int kWritten[] = {column::told_price,    column::told_at, column::told_listing,
                            column::told_price_at, column::day,     column::day_count};

struct Telling {
  MatchTables* tables;
  TimestampTz moment;
  DateADT today;
  CommandId command;
  MemoryContext context;
  TupleTableSlot* found;
};

/// The row in `found`, with what it tells, in tables.written.
void form_watch(const Telling& now, const FiringWatch& one) {
  MatchTables& tables = *now.tables;
  PriceMove const& move = one.move;
  Datum values[std::size(kWritten)] = {
      Int64GetDatum(move.price),
      TimestampTzGetDatum(now.moment),
      Int64GetDatum(move.listing),
      TimestampTzGetDatum(move.at),
      DateADTGetDatum(now.today),
      Int32GetDatum(static_cast<int32_t>(one.firing.used_today + one.firing.nth))};
  bool nulls[std::size(kWritten)] = {move.price == no_price};
  int columns[std::size(kWritten)];
  for (size_t i = 0; i < std::size(kWritten); ++i)
    columns[i] = tables.watch_columns[kWritten[i]];
  bool ours = false;
  HeapTuple const old = ExecFetchSlotHeapTuple(now.found, false, &ours);
  HeapTuple const tuple = heap_modify_tuple_by_cols(
      old, RelationGetDescr(tables.watches), static_cast<int>(std::size(kWritten)), columns, values, nulls);
  ExecStoreHeapTuple(tuple, tables.written, true);
}

void tell(const Telling& now, const FiringWatch& one) {
  MatchTables& tables = *now.tables;
  ItemPointerData place = one.place;
  // It was visible in this very snapshot.
  if (!table_tuple_fetch_row_version(tables.watches, &place, GetActiveSnapshot(), now.found)) return;
  form_watch(now, one);
  TM_FailureData failure;
  pg::Entries entries = pg::Entries::none;
  TM_Result const result =
      pg::update_tuple(tables.watches, &place, tables.written, now.command, &failure, &entries);
  if (result == TM_Ok && entries != pg::Entries::none)
    pg::insert_entries(tables.target, tables.written, tables.state, true, entries);
}

}  // namespace

void tell_watches(MatchTables& tables, std::span<const FiringWatch> told, TimestampTz moment, int32_t today) {
  pg::Memory const memory("deal_advisor match watch");
  Telling now{&tables, moment, today, 0, memory.context(), nullptr};
  pg::call([&] {
    CheckCmdReplicaIdentity(tables.watches, CMD_UPDATE);
    now.found = MakeSingleTupleTableSlot(RelationGetDescr(tables.watches), &TTSOpsBufferHeapTuple);
    now.command = GetCurrentCommandId(true);
  });
  for (size_t first = 0; first < told.size(); first += kStretch) {
    std::span<const FiringWatch> const stretch = told.subspan(first, std::min(kStretch, told.size() - first));
    pg::call([&] {
      CHECK_FOR_INTERRUPTS();
      MemoryContextSwitchTo(now.context);
      for (FiringWatch const& one : stretch)
        if (one.firing.last) tell(now, one);
      ExecClearTuple(tables.written);  // before the memory of the tuple goes
      MemoryContextReset(now.context);
    });
  }
  pg::call([&] { ExecDropSingleTupleTableSlot(now.found); });
}

}  // namespace deal::server
