/// The tables that alerts are made from, open: watches for writing, the others for reading. Plain data;
/// everything here runs inside pg::call.
#pragma once

#include "core/marketplace/alert_rule.hpp"
#include "server/marketplace/ingest_tables.hpp"

namespace deal::server {

/// Columns of price_changes that we read, in the order of MatchTables::change_columns.
namespace change_column {
enum : int {
  tenant,
  id,
  product,
  listing,
  at,
  was,
  price,
  retailer,
  condition,
  currency,
  low_30,
  low_90,
  low_365,
  low_all,
  count
};
}
namespace watch_column {
enum : int {
  tenant,
  id,
  user,
  product,
  kind,
  currency,
  target,
  percent,
  reference,
  days,
  threshold,
  min_change,
  retailers,
  conditions,
  hysteresis,
  rearm_after,
  most_a_day,
  paused_until,
  expires_at,
  told_price,
  told_at,
  told_listing,
  told_price_at,
  day,
  day_count,
  deleted_at,
  count
};
}

/// All of them, of one marketplace.
struct MatchTables {
  Oid changes_oid = InvalidOid;
  Oid watches_oid = InvalidOid;
  IngestTables past;  ///< of which only the history is opened; has the memory context of all
  Relation changes = nullptr;
  Relation watches = nullptr;
  Relation by_product = nullptr;  ///< the index of watches that has a WatchRule of each
  AttrNumber change_columns[change_column::count];
  AttrNumber watch_columns[watch_column::count];
  AttrNumber index_columns[watch_column::count];  ///< 0: not in the index
  Oid kinds[marketplace::watch_kind_names.size()];
  TupleTableSlot* change = nullptr;
  TupleTableSlot* watch = nullptr;
  IndexScanDesc scan = nullptr;
  ResultRelInfo* target = nullptr;    ///< watches with their indexes
  TupleTableSlot* written = nullptr;  ///< what replaces a row of watches
  EState* state = nullptr;
};

/// Opens them; false if they are not as we make them. `tables` has the OIDs and the context.
bool open_match_tables(MatchTables& tables);
/// Closes everything; locks stay to the end of the transaction.
void close_match_tables(MatchTables& tables);

/// Begins to look for watches of products of a tenant, in the active snapshot, and to write them.
void begin_watches(MatchTables& tables);
/// Starts at a product.
void start_watches(MatchTables& tables, int64_t tenant, int64_t product);
/// The next entry of the index; whether its row is visible, fetch_watch() tells. False: there is no more.
bool next_watch(MatchTables& tables, marketplace::WatchRule& rule, const marketplace::PriceMove& move);
/// Its row in tables.watch; false if it is none of ours, or deleted.
bool fetch_watch(MatchTables& tables);

/// A numeric(5, 2) as hundredths; -1: NaN.
int64_t hundredths(Datum number);

}  // namespace deal::server
