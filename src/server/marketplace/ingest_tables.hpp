/// The tables that prices are written to, open with their indexes. Plain data; everything here runs inside
/// pg::call.
#pragma once

#include <span>

#include "core/marketplace/price_batch.hpp"
#include "server/bridge/table_write.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace deal::server {

/// Columns of listings that we read or write, in the order of IngestTable::columns.
namespace listing_column {
enum : int {
  tenant,
  id,
  product,
  deleted,
  price,
  list_price,
  previous,
  low_30,
  low_90,
  low_365,
  low_all,
  in_stock,
  changed_at,
  seen_at,
  count
};
}
namespace product_column {
enum : int { tenant, id, price, listing, count };
}
namespace history_column {
enum : int { tenant, listing, at, price, list_price, source, count };
}
namespace day_column {
enum : int { tenant, listing, day, low, high, sum, n, absent, last, last_at, count };
}

/// One table. What is not needed for reading stays null where it is only read.
struct IngestTable {
  static constexpr int kMostColumns = 16;
  Relation relation = nullptr;
  ResultRelInfo* target = nullptr;
  Relation key = nullptr;  ///< the primary key's index
  IndexScanDesc scan = nullptr;
  MemoryContext scan_context = nullptr;  ///< what the scan allocates on its way must live as long as it
  ScanKeyData keys[3];
  int key_count = 0;
  TupleTableSlot* found = nullptr;    ///< what the scan found
  TupleTableSlot* written = nullptr;  ///< what replaces it
  AttrNumber columns[kMostColumns];
};

/// A month of price_history.
struct HistoryLeaf {
  Oid relation = InvalidOid;
  TimestampTz lower = 0;
  TimestampTz upper = 0;
  IngestTable table;  ///< opened when it is needed
};

/// All of them, of one marketplace.
struct IngestTables {
  Oid listings_oid = InvalidOid;
  Oid history_oid = InvalidOid;
  Oid daily_oid = InvalidOid;
  Oid products_oid = InvalidOid;
  TimestampTz first_at = DT_NOEND;   ///< what will be written: times from here
  TimestampTz last_at = DT_NOBEGIN;  ///< to here
  Relation history = nullptr;        ///< the parent
  IngestTable listings;
  IngestTable daily;
  IngestTable products;           ///< read and locked only
  HistoryLeaf* leaves = nullptr;  ///< by time
  int leaf_count = 0;
  EState* state = nullptr;
  MemoryContext context = nullptr;  ///< what lives as long as this
};

/// A column that a table must have.
struct TableColumn {
  const char* name;
  Oid type;  ///< InvalidOid: any enum; ANYARRAYOID: any array
};

/// Finds the columns by name; false if one is missing or of another type, or, where we make whole rows, if
/// there is one that we don't know.
bool find_columns(Relation relation, std::span<const TableColumn> wanted, bool whole, AttrNumber* numbers);

/// Opens the parent of the history and lists its partitions; false if they are not as we make them: then
/// close_ingest_tables() closes it. `tables` has its OID.
bool open_history(IngestTables& tables, LOCKMODE lock);

/// Opens listings, price_daily, products and the parent of the history for writing and lists its partitions;
/// false if they are not as we make them: then all is closed again. `tables` has the OIDs and the context.
bool open_ingest_tables(IngestTables& tables);
/// Closes everything; locks stay to the end of the transaction.
void close_ingest_tables(IngestTables& tables);

/// Begins to look up rows by the first `keys` columns of the primary key, of the history by a time before
/// which they are, in the active snapshot. The scan lives in the current context.
void begin_lookup(IngestTable& table, int keys);
void end_lookup(IngestTable& table);
/// Starts at these key values.
void start_lookup(IngestTable& table, const Datum* values);
/// The next row, in table.found; false if no more is visible.
bool next_row(IngestTable& table, ScanDirection direction);
/// The row with these key values, all of the key; false if none is visible.
bool look_up(IngestTable& table, const Datum* values);

/// The partition of a time; -1: there is none.
int leaf_of(const IngestTables& tables, TimestampTz at);
/// Opens a partition for looking its points up, newest first; in the active snapshot.
void open_for_reading(IngestTables& tables, HistoryLeaf& leaf);
void close_reading(HistoryLeaf& leaf);
/// Opens it for writing.
void open_for_writing(IngestTables& tables, HistoryLeaf& leaf);
void close_table(IngestTable& table);

/// Rows for one table that are inserted a page at a time.
struct InsertBatch {
  static constexpr int kMostRows = 1000;
  IngestTables* tables;
  IngestTable* table;
  MemoryContext context;
  int count;
  int slot_count;
  TupleTableSlot* slots[kMostRows];
};

InsertBatch* make_batch(IngestTables& tables, IngestTable& table);
/// `values` by attribute number.
void add_to_batch(InsertBatch* batch, const Datum* values, const bool* nulls, CommandId command);
void write_batch(InsertBatch* batch, CommandId command);
void free_batch(InsertBatch* batch);

}  // namespace deal::server
