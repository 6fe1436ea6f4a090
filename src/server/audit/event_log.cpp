#include "server/audit/event_log.hpp"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/audit/row_key.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/history_rows.hpp"
#include "server/audit/row_identity.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/role.hpp"

extern "C" {
#include "access/commit_ts.h"
#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/xid8.h"
}

namespace deal::server {

namespace {

constexpr Oid kEventTypes[] = {TIMESTAMPTZOID, XID8OID, INT8OID, INT4OID,
                               INT4OID,        INT2OID, CHAROID, JSONBOID};
constexpr Oid kTransactionTypes[] = {TIMESTAMPTZOID, XID8OID, INT2OID, INT2OID, TIMESTAMPTZOID};
constexpr Oid kPeopleTypes[] = {NAMEOID, NAMEOID, TEXTOID, JSONBOID, INETOID, TEXTOID, INT8OID, TEXTOID};
constexpr const char* kEventColumns = "at, xid, row_key, seq, layout, ctx, op, image";
constexpr const char* kTransactionColumns = "at, xid, ctx, who, started";
constexpr const char* kPeopleColumns =
    ", session_user_name, role_name, app_user, context, client_addr, application_name, query_id, statement";
constexpr size_t kMostIndexed = 2000;  ///< ids to look up one by one

pg::Parameter time_parameter(TimestampTz time) {
  return {TIMESTAMPTZOID, pg::timestamp_value(time)};
}
pg::Parameter number_parameter(int64 number) {
  return {INT8OID, pg::value(int64_t{number})};
}

/// An array of 8-byte numbers.
pg::Parameter array_parameter(std::span<const uint64> numbers, Oid element, Oid array) {
  Datum const datum = pg::call([&] {
    auto* const datums = static_cast<Datum*>(palloc(sizeof(Datum) * (numbers.size() + 1)));
    for (size_t i = 0; i < numbers.size(); ++i)
      datums[i] = UInt64GetDatum(numbers[i]);
    return PointerGetDatum(construct_array(datums, static_cast<int>(numbers.size()), element, 8,
                                           FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
  });
  return {array, {datum, false}};
}

std::string both(const std::string& parts, const std::string& overflow, const std::string& columns,
                 const std::string& condition) {
  return fmt::format("select {0} from {1} where {3} union all select {0} from {2} where {3}", columns, parts,
                     overflow, condition);
}

/// Ids of the last 2^31 transactions are told apart by their lower half.
bool is_recent(uint64 transaction) {
  uint64 const next = U64FromFullTransactionId(ReadNextFullTransactionId());
  return transaction < next && next - transaction < (uint64{1} << 31) &&
         transaction >= FirstNormalTransactionId;
}

}  // namespace

EventLog::EventLog(const LogSource& source, MemoryContext keep)
    : source_(source), keep_(keep), source_identity_(identity_of(source, keep)) {
  own_ = U64FromFullTransactionId(GetTopFullTransactionIdIfAny());
  make_shapes();
}

void EventLog::make_shapes() {
  Incarnation const own = incarnation_of(source_.relation);
  pg::InContext const kept(keep_);
  for (NotedLayout const& noted : source_.layouts) {
    audit::Layout const& layout = noted.stored.layout;
    of_this_cluster_.push_back(noted.stored.incarnation.system == own.system);
    std::vector<audit::NamedSlot> const names = source_.columns->names_of(layout);
    ImageShape shape{static_cast<int>(names.size()), nullptr};
    shape.columns = pg::call([&] {
      return static_cast<ImageColumn*>(palloc0(sizeof(ImageColumn) * (static_cast<size_t>(shape.count) + 1)));
    });
    for (size_t i = 0; i < names.size(); ++i) {
      const audit::LayoutColumn* const column = layout.by_name(names[i].name);
      audit::Column const& today = source_.columns->at(names[i].slot);
      ImageColumn& out = shape.columns[i];
      out.name = pg::call([&] { return pnstrdup(names[i].name.data(), names[i].name.size()); });
      out.name_size = static_cast<int>(names[i].name.size());
      out.slot = names[i].slot;
      out.hidden = column->treatment != audit::Treatment::plain;
      out.same_type = today.number != 0 && column->type == today.type;
    }
    shapes_.push_back(shape);
  }
}

const ImageShape& EventLog::shape_of(int32 layout) const {
  static constexpr ImageShape kUnknown{0, nullptr};
  auto const found = std::ranges::find_if(
      source_.layouts, [&](const NotedLayout& noted) { return noted.stored.layout.number == layout; });
  if (found == source_.layouts.end()) return kUnknown;
  return shapes_[static_cast<size_t>(found - source_.layouts.begin())];
}

template <class ReadImage>
void EventLog::add_event(const Datum* values, const bool* nulls, ReadImage&& image) {
  if (std::find(nulls, nulls + kEventHeader, true) != nulls + kEventHeader) return;  // no row of ours
  LoggedEvent event;
  event.at = DatumGetTimestampTz(values[0]);
  event.order.transaction = U64FromFullTransactionId(DatumGetFullTransactionId(values[1]));
  event.row_key = DatumGetInt64(values[2]);
  event.order.sequence = DatumGetInt32(values[3]);
  event.layout = DatumGetInt32(values[4]);
  event.context = DatumGetInt16(values[5]);
  event.op = static_cast<audit::Op>(DatumGetChar(values[6]));
  if (event.op == audit::Op::alter && !alterations_) return;
  const ImageShape& shape = shape_of(event.layout);
  struct Key {
    const char* text;
    size_t size;
  };
  Key const key = pg::call([&] {
    MemoryContextSwitchTo(keep_);
    if (event.op == audit::Op::truncate) return Key{"", 0};
    event.image = image(event, shape);
    if (event.op == audit::Op::alter) return Key{"", 0};
    StringInfoData const text = identity_text(source_identity_, event.image);
    return Key{text.data, static_cast<size_t>(text.len)};
  });
  event.key = {key.text, key.size};
  events_.push_back(event);
}

void EventLog::read_events(const char* condition, std::span<const pg::Parameter> parameters,
                           pg::CursorKind kind) {
  read_history(condition, parameters);
  pg::AsRole const as_owner(source_.log_owner);
  pg::Spi spi;
  pg::Cursor rows(spi,
                  both(log_relation(source_, audit::kEvents), log_relation(source_, audit::kOverflow),
                       kEventColumns, fmt::format(fmt::runtime(condition), "")),
                  parameters, kEventTypes, kind);
  for (auto batch = rows.fetch(); !batch.empty(); batch = rows.fetch()) {
    for (HeapTuple const row : batch) {
      Datum values[std::size(kEventTypes)];
      bool nulls[std::size(kEventTypes)];
      heap_deform_tuple(row, rows.shape(), values, nulls);
      add_event(values, nulls, [&](LoggedEvent& event, const ImageShape& shape) {
        if (nulls[kEventHeader]) return ImageFields{nullptr, 0};
        Jsonb* const image = DatumGetJsonbPCopy(values[kEventHeader]);
        if (event.op != audit::Op::alter) return read_image(image, shape);
        event.alteration = PointerGetDatum(image);
        return ImageFields{nullptr, 0};
      });
    }
  }
}

void EventLog::read_history(const char* condition, std::span<const pg::Parameter> parameters) {
  if (source_.table.history.empty()) return;
  HistoryRows history(source_, keep_);
  pg::AsRole const as_owner(source_.log_owner);
  pg::Spi spi;
  pg::Cursor rows(spi,
                  both(quote_qualified(source_.log, source_.table.history),
                       quote_qualified(source_.log, audit::history_overflow(source_.table.history)),
                       history.columns(), fmt::format(fmt::runtime(condition), "audit_")),
                  parameters, HistoryRows::header_types());
  history.begin(rows.shape());
  std::vector<Datum> values(static_cast<size_t>(rows.shape()->natts) + 1);
  auto const nulls = std::make_unique<bool[]>(values.size());
  for (auto batch = rows.fetch(); !batch.empty(); batch = rows.fetch()) {
    for (HeapTuple const row : batch) {
      heap_deform_tuple(row, rows.shape(), values.data(), nulls.get());
      add_event(values.data(), nulls.get(), [&](const LoggedEvent& event, const ImageShape& shape) {
        return history.image(event.op, values.data(), nulls.get(), shape);
      });
    }
  }
}

void EventLog::read_transactions(const std::string& condition, std::span<const pg::Parameter> parameters,
                                 bool with_people, pg::CursorKind kind) {
  pg::AsRole const as_owner(source_.log_owner);
  std::vector<Oid> types(std::begin(kTransactionTypes), std::end(kTransactionTypes));
  std::string columns = kTransactionColumns;
  if (with_people) {
    types.insert(types.end(), std::begin(kPeopleTypes), std::end(kPeopleTypes));
    columns += kPeopleColumns;
  }
  pg::Spi spi;
  pg::Cursor rows(spi,
                  both(log_relation(source_, audit::kTransactions),
                       log_relation(source_, audit::kTransactionOverflow), columns, condition),
                  parameters, types, kind);
  for (auto batch = rows.fetch(); !batch.empty(); batch = rows.fetch()) {
    for (HeapTuple const row : batch) {
      Datum values[std::size(kTransactionTypes) + std::size(kPeopleTypes)];
      bool nulls[std::size(values)];
      heap_deform_tuple(row, rows.shape(), values, nulls);
      if (std::find(nulls, nulls + std::size(kTransactionTypes), true) !=
          nulls + std::size(kTransactionTypes))
        continue;
      transactions_.add({DatumGetTimestampTz(values[0]),
                         U64FromFullTransactionId(DatumGetFullTransactionId(values[1])),
                         DatumGetInt16(values[2]), DatumGetInt16(values[3]), DatumGetTimestampTz(values[4])});
      if (!with_people) continue;
      TransactionPeople people;
      pg::call([&] {
        MemoryContextSwitchTo(keep_);
        for (int i = 0; i < TransactionPeople::kColumns; ++i) {
          size_t const column = std::size(kTransactionTypes) + static_cast<size_t>(i);
          Form_pg_attribute const attribute = TupleDescAttr(rows.shape(), static_cast<int>(column));
          people.values[i].null = nulls[column];
          if (nulls[column]) continue;
          Datum const plain =
              attribute->attlen == -1 ? PointerGetDatum(PG_DETOAST_DATUM(values[column])) : values[column];
          people.values[i].datum = datumCopy(plain, attribute->attbyval, attribute->attlen);
        }
      });
      people_.push_back(people);
    }
  }
}

EventLog::CommitTime EventLog::commit_time(size_t transaction, bool may_be_exact) const {
  audit::TransactionRow const& row = transactions_.row(transaction);
  TimestampTz const logged = transactions_.committed(transaction);
  if (!may_be_exact || !track_commit_timestamp || !is_recent(row.transaction)) return {logged, false};
  TimestampTz exact = 0;
  bool const known = pg::call([&] {
    return TransactionIdGetCommitTsData(static_cast<TransactionId>(row.transaction), &exact, nullptr);
  });
  if (!known) return {logged, false};
  return {exact, true};
}

void EventLog::settle_order() {
  TimestampTz const now = pg::call([] { return GetCurrentTimestamp(); });
  std::vector<std::optional<CommitTime>> times(transactions_.count());
  for (LoggedEvent& event : events_) {
    event.transaction = transactions_.find(event.order.transaction, event.context, event.at);
    if (event.transaction >= 0) {
      std::optional<CommitTime>& time = times[static_cast<size_t>(event.transaction)];
      auto const layout = std::ranges::find_if(source_.layouts, [&](const NotedLayout& noted) {
        return noted.stored.layout.number == event.layout;
      });
      bool const here = layout != source_.layouts.end() &&
                        of_this_cluster_[static_cast<size_t>(layout - source_.layouts.begin())];
      if (!time) time = commit_time(static_cast<size_t>(event.transaction), here);
      event.time = time->time;
      event.exact = time->exact;
      event.order.time = time->time;
    } else if (own_ != 0 && event.order.transaction == own_) {
      event.time = now;
      event.order.time = DT_NOEND;
    } else {  // its row is lost
      event.time = event.at;
      event.order.time = event.at;
    }
  }
  if (!std::ranges::is_sorted(events_, {}, &LoggedEvent::order))
    std::ranges::sort(events_, {}, &LoggedEvent::order);
}

void EventLog::read_transactions_of_events(bool with_people) {
  std::unordered_set<uint64> ids;
  TimestampTz earliest = DT_NOEND;
  for (LoggedEvent const& event : events_) {
    ids.insert(event.order.transaction);
    earliest = std::min(earliest, event.at);
  }
  if (ids.empty()) return;
  if (ids.size() <= kMostIndexed) {
    std::vector<uint64> const list(ids.begin(), ids.end());
    pg::Parameter const parameters[] = {array_parameter(list, XID8OID, XID8ARRAYOID)};
    read_transactions("xid = any ($1)", parameters, with_people, pg::CursorKind::often);
    return;
  }
  pg::Parameter const parameters[] = {time_parameter(earliest)};
  read_transactions("at >= $1", parameters, with_people, pg::CursorKind::reading);
}

void EventLog::read_rows(std::span<const int64> row_keys, bool with_people) {
  std::vector<uint64> keys(row_keys.begin(), row_keys.end());
  keys.push_back(static_cast<uint64>(audit::first_row_key(source_.table.table)));
  pg::Parameter const parameters[] = {array_parameter(keys, INT8OID, INT8ARRAYOID)};
  read_events("{0}row_key = any ($1)", parameters, pg::CursorKind::often);
  read_transactions_of_events(with_people);
  settle_order();
}

void EventLog::read_since(TimestampTz time, int64 look_back_ms, bool with_people) {
  bool const looks_back = track_commit_timestamp && !TIMESTAMP_NOT_FINITE(time);
  TimestampTz const from = looks_back ? time - look_back_ms * 1000 : time;
  pg::Parameter const since[] = {time_parameter(from)};
  read_transactions("at >= $1", since, with_people, pg::CursorKind::reading);
  // An event is older than the commit; how much, the oldest transaction in question says.
  TimestampTz first = std::min(time, GetCurrentTransactionStartTimestamp());
  for (size_t i = 0; i < transactions_.count(); ++i)
    if (commit_time(i, true).time >= time || transactions_.committed(i) >= time)
      first = std::min(first, transactions_.row(i).started);
  pg::Parameter const parameters[] = {number_parameter(audit::first_row_key(source_.table.table)),
                                      number_parameter(audit::first_row_key(source_.table.table + 1)),
                                      time_parameter(first)};
  read_events("{0}row_key >= $1 and {0}row_key < $2 and {0}at >= $3", parameters, pg::CursorKind::reading);
  settle_order();
  std::erase_if(events_, [&](const LoggedEvent& event) { return event.order.time < time; });
}

void EventLog::keep_after(TimestampTz time) {
  std::erase_if(events_, [&](const LoggedEvent& event) { return event.order.time <= time; });
}

void EventLog::read_transaction(FullTransactionId id) {
  uint64 const number = U64FromFullTransactionId(id);
  std::vector<uint64> const ids{number};
  pg::Parameter const wanted[] = {array_parameter(ids, XID8OID, XID8ARRAYOID)};
  read_transactions("xid = any ($1)", wanted, false, pg::CursorKind::often);
  TimestampTz started = DT_NOBEGIN;
  TimestampTz ended = DT_NOBEGIN;
  if (number == own_) {
    started = GetCurrentTransactionStartTimestamp();
    ended = pg::call([] { return GetCurrentTimestamp(); });
  }
  for (size_t i = 0; i < transactions_.count() && number != own_; ++i) {
    started = std::max(started, transactions_.row(i).started);
    ended = std::max(ended, transactions_.row(i).at);
  }
  if (started == DT_NOBEGIN) return;
  pg::Parameter const parameters[] = {number_parameter(audit::first_row_key(source_.table.table)),
                                      number_parameter(audit::first_row_key(source_.table.table + 1)),
                                      time_parameter(started), time_parameter(ended), wanted[0]};
  read_events("{0}row_key >= $1 and {0}row_key < $2 and {0}at between $3 and $4 and {0}xid = any ($5)",
              parameters, pg::CursorKind::reading);
  settle_order();
}

const TransactionPeople* EventLog::people(const LoggedEvent& event) const {
  if (event.transaction < 0 || people_.empty()) return nullptr;
  return &people_[transactions_.who(static_cast<size_t>(event.transaction))];
}

const TransactionPeople* EventLog::own_part(const LoggedEvent& event) const {
  if (event.transaction < 0 || people_.empty()) return nullptr;
  return &people_[static_cast<size_t>(event.transaction)];
}

}  // namespace deal::server
