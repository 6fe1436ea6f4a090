#include "server/marketplace/ingest_rows.hpp"

#include <algorithm>

#include "server/bridge/memory.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

using namespace deal::marketplace;

/// Rows between two looks at whether the statement must end.
constexpr size_t kStretch = 256;

/// Columns that nobody puts are null: dropped ones.
struct Row {
  Datum values[IngestTable::kMostColumns] = {};
  bool nulls[IngestTable::kMostColumns];

  Row() { std::fill(std::begin(nulls), std::end(nulls), true); }
  void put(int at, Datum value) {
    values[at] = value;
    nulls[at] = false;
  }
  void put_price(int at, int64_t price) {
    values[at] = Int64GetDatum(price);
    nulls[at] = price == no_price;
  }
};

/// `body` for stretches of items, each inside pg::call, with a memory context that is emptied behind each.
template <class Item, class Body>
void in_stretches(std::span<const Item> items, Body&& body) {
  pg::Memory const memory("deal_advisor ingest row");
  MemoryContext const context = memory.context();
  for (size_t first = 0; first < items.size(); first += kStretch) {
    std::span<const Item> const stretch = items.subspan(first, std::min(kStretch, items.size() - first));
    pg::call([&] {
      MemoryContextSwitchTo(context);
      for (Item const& item : stretch)
        body(item);
      MemoryContextReset(context);
      CHECK_FOR_INTERRUPTS();
    });
  }
}

void write_leaf(IngestTables& tables, HistoryLeaf& leaf, int64_t tenant, Oid source,
                std::span<const Observation> points) {
  struct Writing {
    InsertBatch* batch;
    CommandId command;
  };
  Writing const writing = pg::call([&] {
    open_for_writing(tables, leaf);
    return Writing{make_batch(tables, leaf.table), GetCurrentCommandId(true)};
  });
  in_stretches<Observation>(points, [&](const Observation& point) {
    if (point.at < leaf.lower || point.at >= leaf.upper) return;
    Row row;
    auto const at = [&](int column) { return leaf.table.columns[column] - 1; };
    row.put(at(history_column::tenant), Int64GetDatum(tenant));
    row.put(at(history_column::listing), Int64GetDatum(point.listing));
    row.put(at(history_column::at), TimestampTzGetDatum(point.at));
    row.put(at(history_column::source), ObjectIdGetDatum(source));
    row.put_price(at(history_column::price), point.price);
    row.put_price(at(history_column::list_price), point.list_price);
    add_to_batch(writing.batch, row.values, row.nulls, writing.command);
  });
  pg::call([&] {
    write_batch(writing.batch, writing.command);
    free_batch(writing.batch);
    close_table(leaf.table);
  });
}

/// Days that are there are updated, the others collected for the batch.
struct DayWriter {
  IngestTables* tables;
  int64_t tenant;
  InsertBatch* batch;
  CommandId command;

  DaySummary found_day() const {
    IngestTable const& table = tables->daily;
    slot_getallattrs(table.found);
    auto const value = [&](int column) { return table.found->tts_values[table.columns[column] - 1]; };
    auto const price = [&](int column) {
      return table.found->tts_isnull[table.columns[column] - 1] ? no_price : DatumGetInt64(value(column));
    };
    DaySummary day;
    day.count = DatumGetInt32(value(day_column::n));
    day.absent = DatumGetInt32(value(day_column::absent));
    day.sum = DatumGetInt64(value(day_column::sum));
    day.low = price(day_column::low);
    day.high = price(day_column::high);
    day.last = price(day_column::last);
    day.last_at = DatumGetTimestampTz(value(day_column::last_at));
    return day;
  }

  Row row_of(const DaySummary& key, const DaySummary& day) const {
    Row row;
    auto const at = [&](int column) { return tables->daily.columns[column] - 1; };
    row.put(at(day_column::tenant), Int64GetDatum(tenant));
    row.put(at(day_column::listing), Int64GetDatum(key.listing));
    row.put(at(day_column::day), DateADTGetDatum(key.day));
    row.put(at(day_column::sum), Int64GetDatum(day.sum));
    row.put(at(day_column::n), Int32GetDatum(day.count));
    row.put(at(day_column::absent), Int32GetDatum(day.absent));
    row.put(at(day_column::last_at), TimestampTzGetDatum(day.last_at));
    row.put_price(at(day_column::low), day.low);
    row.put_price(at(day_column::high), day.high);
    row.put_price(at(day_column::last), day.last);
    return row;
  }

  void update(const DaySummary& day) const {
    IngestTable& table = tables->daily;
    DaySummary merged = found_day();
    if (!merge_day(merged, day)) pg::fail_in_call(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
    Row row = row_of(day, merged);
    ExecStoreHeapTuple(heap_form_tuple(RelationGetDescr(table.relation), row.values, row.nulls),
                       table.written, true);
    ItemPointerData place = table.found->tts_tid;
    TM_FailureData failure;
    pg::Entries entries = pg::Entries::none;
    if (pg::update_tuple(table.relation, &place, table.written, command, &failure, &entries) != TM_Ok)
      pg::fail_in_call(ERRCODE_T_R_SERIALIZATION_FAILURE,
                       "could not serialize access to price_daily due to concurrent update",
                       "Whoever writes price_daily locks the listings first.");
    if (entries != pg::Entries::none)
      pg::insert_entries(table.target, table.written, tables->state, true, entries);
    ExecClearTuple(table.written);  // before the memory of the tuple goes
  }

  void write(const DaySummary& day) const {
    Datum const key[] = {Int64GetDatum(tenant), Int64GetDatum(day.listing), DateADTGetDatum(day.day)};
    if (look_up(tables->daily, key)) return update(day);
    Row const row = row_of(day, day);
    add_to_batch(batch, row.values, row.nulls, command);
  }
};

}  // namespace

void write_points(IngestTables& tables, int64_t tenant, Oid source, std::span<const Observation> points) {
  if (points.empty()) return;
  for (int i = 0; i < tables.leaf_count; ++i) {
    HistoryLeaf& leaf = tables.leaves[i];
    auto const here = [&](const Observation& point) {
      return point.at >= leaf.lower && point.at < leaf.upper;
    };
    if (std::any_of(points.begin(), points.end(), here)) write_leaf(tables, leaf, tenant, source, points);
  }
}

void write_days(IngestTables& tables, int64_t tenant, std::span<const DaySummary> days) {
  DayWriter writer{&tables, tenant, nullptr, 0};
  pg::call([&] {
    MemoryContextSwitchTo(tables.context);
    begin_lookup(tables.daily, 3);
    writer.batch = make_batch(tables, tables.daily);
    writer.command = GetCurrentCommandId(true);
  });
  in_stretches<DaySummary>(days, [&](const DaySummary& day) { writer.write(day); });
  pg::call([&] {
    write_batch(writer.batch, writer.command);
    free_batch(writer.batch);
    end_lookup(tables.daily);
  });
}

}  // namespace deal::server
