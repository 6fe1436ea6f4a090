#include "server/marketplace/match.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "server/bridge/memory.hpp"
#include "server/marketplace/match_check.hpp"
#include "server/marketplace/match_tables.hpp"
#include "server/marketplace/match_write.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace deal::server {

namespace {

using namespace deal::marketplace;
namespace column = watch_column;

/// Changes between two looks at whether the statement must end.
constexpr size_t kStretch = 256;

/// Values of one row, by our columns.
struct RowReader {
  TupleTableSlot* slot;
  const AttrNumber* columns;

  bool is_null(int column) const { return slot->tts_isnull[columns[column] - 1]; }
  Datum value(int column) const { return slot->tts_values[columns[column] - 1]; }
  int64_t number(int column, int64_t otherwise = 0) const {
    return is_null(column) ? otherwise : DatumGetInt64(value(column));
  }
  int64_t small(int column, int64_t otherwise = 0) const {
    return is_null(column) ? otherwise : DatumGetInt32(value(column));
  }
  Currency currency(int column) const {
    Currency code = {};
    struct varlena* const text = PG_DETOAST_DATUM_PACKED(value(column));
    auto const size = static_cast<size_t>(VARSIZE_ANY_EXHDR(text));
    std::copy_n(VARDATA_ANY(text), std::min(size, code.size()), code.begin());
    return code;
  }
  /// The elements of an array; they live in the current context.
  template <class Item>
  std::span<const Item> list(int column, Oid element, int16 size, char align) const {
    Datum* values = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(value(column)), element, size, true, align, &values, nullptr,
                      &count);
    auto* const items = static_cast<Item*>(palloc(sizeof(Item) * (static_cast<size_t>(count) + 1)));
    for (int i = 0; i < count; ++i)
      items[i] = static_cast<Item>(values[i]);
    return {items, static_cast<size_t>(count)};
  }
};

Oid type_of(Relation relation, AttrNumber column) {
  return TupleDescAttr(RelationGetDescr(relation), column - 1)->atttypid;
}

/// What a batch is matched with.
struct Matching {
  MatchTables* tables;
  int64_t tenant;
  TimestampTz moment;
  DateADT today;
  MemoryContext scratch;
};

/// The day of a moment, whatever the session's time zone.
DateADT utc_day(TimestampTz moment) {
  return static_cast<DateADT>(moment / USECS_PER_DAY - (moment % USECS_PER_DAY < 0 ? 1 : 0));
}

PriceMove move_of(const MatchTables& tables) {
  RowReader const row{tables.change, tables.change_columns};
  PriceMove move;
  move.id = row.number(change_column::id);
  move.product = row.number(change_column::product);
  move.listing = row.number(change_column::listing);
  move.at = row.number(change_column::at);
  move.was = row.number(change_column::was, no_price);
  move.price = row.number(change_column::price, no_price);
  move.low_30 = row.number(change_column::low_30, no_price);
  move.low_90 = row.number(change_column::low_90, no_price);
  move.low_365 = row.number(change_column::low_365, no_price);
  move.low_all = row.number(change_column::low_all, no_price);
  move.retailer = row.number(change_column::retailer);
  move.condition = DatumGetObjectId(row.value(change_column::condition));
  move.currency = row.currency(change_column::currency);
  return move;
}

Watch watch_of(const Matching& now, const WatchRule& rule, Oid condition_type) {
  RowReader const row{now.tables->watch, now.tables->watch_columns};
  Watch watch;
  watch.rule = rule;
  watch.min_change = row.number(column::min_change);
  watch.days = row.small(column::days);
  watch.currency = row.currency(column::currency);
  watch.of_some_retailers = !row.is_null(column::retailers);
  if (watch.of_some_retailers)
    watch.retailers = row.list<int64_t>(column::retailers, INT8OID, 8, TYPALIGN_DOUBLE);
  watch.of_some_conditions = !row.is_null(column::conditions);
  if (watch.of_some_conditions)
    watch.conditions = row.list<uint32_t>(column::conditions, condition_type, 4, TYPALIGN_INT);
  watch.paused_until = row.number(column::paused_until, never);
  watch.expires = !row.is_null(column::expires_at);
  watch.expires_at = row.number(column::expires_at);
  watch.told = !row.is_null(column::told_at);
  watch.rearms = !row.is_null(column::rearm_after);
  if (watch.told && watch.rearms)
    watch.rearms_at = DatumGetTimestampTz(DirectFunctionCall2(
        timestamptz_pl_interval, row.value(column::told_at), row.value(column::rearm_after)));
  watch.told_price = row.number(column::told_price, no_price);
  watch.told_listing = row.number(column::told_listing);
  watch.capped = !row.is_null(column::most_a_day);
  watch.most_a_day = row.small(column::most_a_day);
  bool const is_of_today = !row.is_null(column::day) && DatumGetDateADT(row.value(column::day)) == now.today;
  watch.used_today = is_of_today ? row.small(column::day_count) : 0;
  return watch;
}

/// Goes back over a listing's prices before a time until `stop(at, price)` says so.
template <class Stop>
void look_back(MatchTables& tables, int64_t tenant, int64_t listing, TimestampTz before, Stop&& stop) {
  IngestTables& past = tables.past;
  for (int i = past.leaf_count; i-- > 0;) {
    HistoryLeaf& leaf = past.leaves[i];
    if (leaf.lower >= before) continue;
    if (leaf.table.relation == nullptr) open_for_reading(past, leaf);
    Datum const key[] = {Int64GetDatum(tenant), Int64GetDatum(listing), TimestampTzGetDatum(before)};
    start_lookup(leaf.table, key);
    while (next_row(leaf.table, BackwardScanDirection)) {
      slot_getallattrs(leaf.table.found);
      RowReader const row{leaf.table.found, leaf.table.columns};
      if (stop(row.number(history_column::at), row.number(history_column::price, no_price))) return;
    }
  }
}

bool has_risen(const Matching& now, const Watch& watch, const PriceMove& move) {
  RowReader const row{now.tables->watch, now.tables->watch_columns};
  int64_t const base = watch.rule.threshold == no_price ? watch.told_price : watch.rule.threshold;
  int64_t const hysteresis = hundredths(row.value(column::hysteresis));
  TimestampTz const since = row.number(column::told_price_at);
  bool found = false;
  look_back(*now.tables, now.tenant, watch.told_listing, move.at + 1, [&](TimestampTz at, int64_t price) {
    if (at <= since) return true;
    found = is_above(price, base, hysteresis);
    return found;
  });
  return found;
}

bool is_lowest(const Matching& now, const Watch& watch, const PriceMove& move) {
  TimestampTz const from = move.at - watch.days * USECS_PER_DAY;
  bool lower = false;
  look_back(*now.tables, now.tenant, move.listing, move.at, [&](TimestampTz at, int64_t price) {
    lower = price != no_price && price < move.price;
    return lower || at <= from;
  });
  return !lower;
}

bool had_price(const Matching& now, const PriceMove& move) {
  bool found = false;
  look_back(*now.tables, now.tenant, move.listing, move.at, [&](TimestampTz, int64_t price) {
    found = price != no_price;
    return found;
  });
  return found;
}

/// Whether a watch that its index entry lets fire does; then `made` is complete but for its place in the
/// batch.
bool fires(const Matching& now, const WatchRule& rule, const PriceMove& move, FiringWatch& made) {
  MatchTables& tables = *now.tables;
  RowReader const row{tables.watch, tables.watch_columns};
  Watch const watch =
      watch_of(now, rule, type_of(tables.changes, tables.change_columns[change_column::condition]));
  Verdict const verdict = judge(watch, move, now.moment);
  if (!verdict.fires || (verdict.ask_lowest && !is_lowest(now, watch, move)) ||
      (verdict.ask_rise && !has_risen(now, watch, move)) || (verdict.ask_earlier && !had_price(now, move)))
    return false;
  made.place = tables.watch->tts_tid;
  made.user = row.number(column::user);
  made.kind = DatumGetObjectId(row.value(column::kind));
  made.reference = row.number(column::target, row.number(column::reference, no_price));
  made.firing.watch = row.number(column::id);
  made.firing.low = is_low(rule.kind);
  made.firing.most = most_of_batch(watch);
  made.firing.used_today = watch.used_today;
  return true;
}

/// Where a search for the watches of a batch is.
struct Progress {
  size_t move = 0;
  bool started = false;
};

/// Goes on until `room` is full, the stretch is over or all is done; how many fire.
size_t match_some(const Matching& now, std::span<const PriceMove> moves, Progress& at,
                  std::span<FiringWatch> room) {
  MatchTables& tables = *now.tables;
  size_t made = 0;
  for (size_t const end = at.move + kStretch; at.move < moves.size() && at.move < end; ++at.move) {
    PriceMove const& move = moves[at.move];
    if (!at.started) start_watches(tables, now.tenant, move.product);
    at.started = true;
    WatchRule rule;
    // A product may have any number of watches, so what each one takes goes at once.
    while (made < room.size() && next_watch(tables, rule, move)) {
      MemoryContextReset(now.scratch);
      if (!may_fire(rule, move) || !fetch_watch(tables)) continue;
      CHECK_FOR_INTERRUPTS();
      if (!fires(now, rule, move, room[made])) continue;
      room[made++].firing.move = at.move;
    }
    if (made == room.size()) return made;
    at.started = false;
  }
  return made;
}

/// The changes at these places, what others than the tenant have there left out.
std::vector<PriceMove> read_moves(MatchTables& tables, int64_t tenant, Datum taken) {
  struct Places {
    Datum* values;
    int count;
  };
  Places const places = pg::call([&] {
    Places found{};
    deconstruct_array(DatumGetArrayTypeP(taken), TIDOID, sizeof(ItemPointerData), false, TYPALIGN_SHORT,
                      &found.values, nullptr, &found.count);
    return found;
  });
  std::vector<PriceMove> moves(static_cast<size_t>(places.count));
  size_t there = 0;
  PriceMove* const all = moves.data();
  pg::call([&] {
    BlockNumber const blocks = RelationGetNumberOfBlocks(tables.changes);
    for (int i = 0; i < places.count; ++i) {
      if (i % static_cast<int>(kStretch) == 0) CHECK_FOR_INTERRUPTS();
      auto* const place = reinterpret_cast<ItemPointer>(DatumGetPointer(places.values[i]));
      if (ItemPointerGetBlockNumberNoCheck(place) >= blocks) continue;  // as a TID scan does
      if (!table_tuple_fetch_row_version(tables.changes, place, GetActiveSnapshot(), tables.change)) continue;
      slot_getallattrs(tables.change);
      if (RowReader{tables.change, tables.change_columns}.number(change_column::tenant) != tenant) continue;
      all[there++] = move_of(tables);
    }
    ExecClearTuple(tables.change);
  });
  moves.resize(there);
  merge_moves(moves);
  return moves;
}

std::vector<FiringWatch> match(const Matching& now, std::span<const PriceMove> moves) {
  std::vector<FiringWatch> all;
  std::vector<FiringWatch> room(1024);
  Progress at;
  while (at.move < moves.size()) {
    size_t const made = pg::call([&] {
      CHECK_FOR_INTERRUPTS();
      MemoryContextSwitchTo(now.scratch);
      return match_some(now, moves, at, room);
    });
    all.insert(all.end(), room.begin(), room.begin() + static_cast<ptrdiff_t>(made));
  }
  return all;
}

std::vector<FiringWatch> told_of(std::vector<FiringWatch> all, std::span<const PriceMove> moves) {
  std::vector<Firing> firings;
  firings.reserve(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    firings.push_back(all[i].firing);
    firings.back().row = i;
  }
  keep_told(firings, moves);
  std::vector<FiringWatch> told;
  told.reserve(firings.size());
  for (Firing const& firing : firings) {
    told.push_back(all[firing.row]);
    told.back().firing = firing;
    told.back().move = moves[firing.move];
  }
  return told;
}

/// Opens the tables; what is in the way, then nothing is open.
std::optional<std::string> open_checked(const std::string& schema, int64_t tenant, MatchTables& tables) {
  // Its errors, snapshots and read-only modes are the executor's business.
  bool const possible = pg::call([] {
    return !IsolationUsesXactSnapshot() && !XactReadOnly && !RecoveryInProgress() && !IsInParallelMode();
  });
  if (!possible) return "a transaction that is read-only, or REPEATABLE READ and above";
  if (ExecutorCheckPerms_hook != nullptr) return "an extension that checks rights on its own";
  if (!find_match_tables(schema, tables)) return "there is no such marketplace";
  if (!pg::call([&] { return open_match_tables(tables); }))
    return "tables whose columns, indexes or partitions are not as marketplace_install makes them";
  // Locked now: what is true of them stays true. Unless they were exchanged just before.
  MatchTables again;
  bool const same = find_match_tables(schema, again) && again.watches_oid == tables.watches_oid &&
                    again.changes_oid == tables.changes_oid &&
                    again.past.history_oid == tables.past.history_oid;
  std::optional<std::string> obstacle = check_match(schema, tenant);
  if (!same) obstacle = "tables that are being exchanged";
  if (obstacle) pg::call([&] { close_match_tables(tables); });
  return obstacle;
}

}  // namespace

std::optional<std::string> match_obstacle(const std::string& schema, int64_t tenant) {
  pg::Memory const memory("deal_advisor match");
  MatchTables tables;
  tables.past.context = memory.context();
  std::optional<std::string> obstacle = open_checked(schema, tenant, tables);
  if (!obstacle) pg::call([&] { close_match_tables(tables); });
  return obstacle;
}

std::optional<FiringWatches> match_watches(const MatchRequest& request) {
  pg::Memory const memory("deal_advisor match");
  pg::Memory const scratch("deal_advisor match row");
  MatchTables tables;
  tables.past.context = memory.context();
  if (open_checked(request.schema, request.tenant, tables)) return std::nullopt;
  Matching const now{&tables, request.tenant, request.moment, utc_day(request.moment), scratch.context()};
  pg::call([&] { begin_watches(tables); });
  std::vector<PriceMove> const moves = read_moves(tables, request.tenant, request.taken);
  FiringWatches result;
  result.kind_type = type_of(tables.watches, tables.watch_columns[column::kind]);
  result.currency_type = type_of(tables.changes, tables.change_columns[change_column::currency]);
  result.price_type = type_of(tables.changes, tables.change_columns[change_column::price]);
  result.told = told_of(match(now, moves), moves);
  tell_watches(tables, result.told, now.moment, now.today);
  pg::call([&] { close_match_tables(tables); });
  return result;
}

}  // namespace deal::server
