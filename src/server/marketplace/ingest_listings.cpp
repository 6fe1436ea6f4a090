#include "server/marketplace/ingest_listings.hpp"

#include "server/bridge/memory.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

using namespace deal::marketplace;
namespace column = listing_column;

/// Listings between two looks at whether the statement must end.
constexpr size_t kStretch = 256;

/// A row as the scan found it.
struct FoundListing {
  int64_t product;
  bool deleted;
  ListingPrices prices;
};

int64_t number_at(TupleTableSlot* slot, AttrNumber number, int64_t if_null) {
  return slot->tts_isnull[number - 1] ? if_null : DatumGetInt64(slot->tts_values[number - 1]);
}

FoundListing read_listing(const IngestTable& table) {
  TupleTableSlot* const slot = table.found;
  slot_getallattrs(slot);
  auto const price = [&](int i) { return number_at(slot, table.columns[i], no_price); };
  FoundListing row;
  row.product = price(column::product);
  row.deleted = !slot->tts_isnull[table.columns[column::deleted] - 1];
  row.prices = {price(column::price),
                price(column::list_price),
                price(column::previous),
                price(column::low_30),
                price(column::low_90),
                price(column::low_365),
                price(column::low_all),
                number_at(slot, table.columns[column::changed_at], never),
                number_at(slot, table.columns[column::seen_at], never)};
  return row;
}

/// The row that replaces the one found, in table.written.
void form_listing(IngestTable& table, const ListingPrices& now) {
  TupleDesc const shape = RelationGetDescr(table.relation);
  Datum values[MaxHeapAttributeNumber];
  bool nulls[MaxHeapAttributeNumber];
  for (int i = 0; i < shape->natts; ++i) {
    values[i] = table.found->tts_values[i];
    nulls[i] = table.found->tts_isnull[i];
  }
  auto const put = [&](int i, int64_t number, bool null) {
    values[table.columns[i] - 1] = Int64GetDatum(number);
    nulls[table.columns[i] - 1] = null;
  };
  auto const put_low = [&](int i, int64_t price) { put(i, price, price == no_price); };
  put_low(column::price, now.price);
  put_low(column::list_price, now.list_price);
  put_low(column::previous, now.previous);
  put_low(column::low_30, now.low_30);
  put_low(column::low_90, now.low_90);
  put_low(column::low_365, now.low_365);
  put_low(column::low_all, now.low_all);
  put(column::changed_at, now.changed_at, false);
  put(column::seen_at, now.seen_at, false);
  values[table.columns[column::in_stock] - 1] = BoolGetDatum(now.price != no_price);
  nulls[table.columns[column::in_stock] - 1] = false;
  ExecStoreHeapTuple(heap_form_tuple(shape, values, nulls), table.written, true);
}

/// Looks at the listing's points in the history, newest first, as far as they matter.
void search_history(IngestTables& tables, int64_t tenant, int64_t listing, TimestampTz before,
                    LowSearch& search) {
  TimestampTz end = before;
  for (int i = tables.leaf_count; i-- > 0 && !search.settled();) {
    HistoryLeaf& leaf = tables.leaves[i];
    if (leaf.lower >= before) continue;
    if (leaf.table.relation == nullptr) open_for_reading(tables, leaf);
    Datum const key[] = {Int64GetDatum(tenant), Int64GetDatum(listing), TimestampTzGetDatum(before)};
    IngestTable& table = leaf.table;
    start_lookup(table, key);
    while (!search.settled() && next_row(table, BackwardScanDirection)) {
      slot_getsomeattrs(table.found, RelationGetDescr(table.relation)->natts);
      TimestampTz const at = number_at(table.found, table.columns[history_column::at], never);
      search.look_at(at, number_at(table.found, table.columns[history_column::price], no_price), end);
      end = at;
    }
  }
}

struct Pass {
  IngestTables* tables;
  IngestPass* pass;
  int64_t tenant;
  CommandId command;
  MemoryContext row_context;
  TupleTableSlot* newest;  ///< for locking
  int leaf;                ///< that the last point went to

  void leave(const ListingGroup& group) const {
    for (Observation const& seen : pass->seen.subspan(group.first, group.count))
      pass->rest.push_back(seen.position);
  }

  /// Locks the newest version of the row that was found; false if there is none any more.
  bool lock() const {
    TM_FailureData failure;
    ItemPointerData place = tables->listings.found->tts_tid;
    TM_Result const result =
        table_tuple_lock(tables->listings.relation, &place, GetActiveSnapshot(), newest, command,
                         LockTupleNoKeyExclusive, LockWaitBlock, TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);
    return result == TM_Ok;
  }

  /// The points from `first` on all have a partition.
  bool have_leaves(size_t first) {
    for (size_t i = first; i < pass->points.size(); ++i) {
      TimestampTz const at = pass->points[i].at;
      if (leaf >= 0 && at >= tables->leaves[leaf].lower && at < tables->leaves[leaf].upper) continue;
      leaf = leaf_of(*tables, at);
      if (leaf < 0) return false;
    }
    return true;
  }

  void keep(std::span<const Observation> seen, const FoundListing& row, const ListingAdvance& after) const {
    add_days(seen, pass->days);
    if (after.changes == 0) return;
    pass->moved.push_back({seen[0].listing, row.product, after.prices.price});
    int64_t before = row.prices.price;
    for (Observation const& observation : seen) {
      if (observation.price != before)
        pass->changes.push_back({observation.listing, observation.at, before, observation.price});
      before = observation.price;
    }
  }

  void lows(const FoundListing& row, ListingAdvance& after, size_t first_point) const {
    std::span<const Observation> const points = std::span(pass->points).subspan(first_point);
    LowSearch search = search_lows(row.prices, after, points);
    if (!search.settled() && row.prices.changed_at != never)
      search_history(*tables, tenant, points[0].listing, row.prices.changed_at, search);
    search.store(after.prices);
  }

  void update(const ListingGroup& group) {
    std::span<const Observation> const seen = pass->seen.subspan(group.first, group.count);
    IngestTable& table = tables->listings;
    Datum const key[] = {Int64GetDatum(tenant), Int64GetDatum(seen[0].listing)};
    if (!look_up(table, key)) return leave(group);
    FoundListing const row = read_listing(table);
    size_t const first_point = pass->points.size();
    bool usable = !row.deleted && seen[0].at > row.prices.seen_at;
    ListingAdvance after;
    if (usable) {
      after = advance(row.prices, seen, pass->points);
      usable = have_leaves(first_point);
    }
    if (!usable) {
      pass->points.resize(first_point);
      lock();
      return leave(group);
    }
    if (after.lows_open) lows(row, after, first_point);
    form_listing(table, after.prices);
    ItemPointerData place = table.found->tts_tid;
    TM_FailureData failure;
    pg::Entries entries = pg::Entries::none;
    TM_Result const result =
        pg::update_tuple(table.relation, &place, table.written, command, &failure, &entries);
    if (result == TM_Ok) {
      if (entries != pg::Entries::none)
        pg::insert_entries(table.target, table.written, tables->state, true, entries);
      keep(seen, row, after);
      return;
    }
    pass->points.resize(first_point);
    if (result == TM_Updated && lock())
      pass->contended.push_back(group);
    else
      leave(group);
  }
};

}  // namespace

void update_listings(IngestTables& tables, int64_t tenant, std::span<const ListingGroup> groups,
                     IngestPass& result) {
  pg::Memory const memory("deal_advisor ingest row");
  Pass pass{&tables, &result, tenant, 0, memory.context(), nullptr, -1};
  pg::call([&] {
    MemoryContextSwitchTo(tables.context);
    begin_lookup(tables.listings, 2);
    pass.newest = table_slot_create(tables.listings.relation, nullptr);
    pass.command = GetCurrentCommandId(true);
  });
  for (size_t first = 0; first < groups.size(); first += kStretch) {
    std::span<const ListingGroup> const stretch =
        groups.subspan(first, std::min(kStretch, groups.size() - first));
    pg::call([&] {
      MemoryContextSwitchTo(pass.row_context);
      for (ListingGroup const& group : stretch)
        pass.update(group);
      ExecClearTuple(tables.listings.written);  // before the memory of the tuple goes
      MemoryContextReset(pass.row_context);
      CHECK_FOR_INTERRUPTS();
    });
  }
  pg::call([&] {
    ExecDropSingleTupleTableSlot(pass.newest);
    end_lookup(tables.listings);
    for (int i = 0; i < tables.leaf_count; ++i)
      close_reading(tables.leaves[i]);
  });
}

}  // namespace deal::server
