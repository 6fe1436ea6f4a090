#include "server/audit/changes.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/audit/row_walk.hpp"
#include "core/base/error.hpp"
#include "core/base/options.hpp"
#include "server/audit/current_rows.hpp"
#include "server/audit/log_rights.hpp"
#include "server/audit/row_state.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "utils/xid8.h"
}

namespace deal::server {

namespace {

/// The events of one row, oldest first, by their number in the log; and the row as it is now.
struct RowEvents {
  std::vector<size_t> events;
  std::optional<ImageFields> current;
};
using RowsByKey = std::unordered_map<std::string_view, RowEvents>;

bool concerns_row(const LoggedEvent& event) {
  return event.op != audit::Op::truncate && event.op != audit::Op::alter;
}

/// The rows that have events before `to`, with all their events.
RowsByKey group(const std::vector<LoggedEvent>& events, TimestampTz to) {
  RowsByKey rows;
  for (LoggedEvent const& event : events)
    if (concerns_row(event) && event.time < to) rows.try_emplace(event.key);
  for (size_t i = 0; i < events.size(); ++i) {
    auto const row = rows.find(events[i].key);
    if (concerns_row(events[i]) && row != rows.end()) row->second.events.push_back(i);
  }
  return rows;
}

/// Finds the rows of now that some history begins with.
void find_current(const LogSource& source, RowsByKey& rows, MemoryContext keep) {
  if (rows.empty()) return;
  CurrentRows now(source, {}, keep);
  pg::Memory const memory("deal_advisor audit row");
  std::vector<Datum> values(static_cast<size_t>(now.columns()) + 1);
  auto const nulls = std::make_unique<bool[]>(values.size());
  for (auto batch = now.fetch(); !batch.empty(); batch = now.fetch()) {
    pg::AsRole const as_owner(source.owner);
    for (HeapTuple const row : batch) {
      memory.reset();
      pg::InContext const inside(memory.context());
      now.deform(row, values.data(), nulls.get());
      StringInfoData const key = pg::call([&] { return now.identity(values.data(), nulls.get()); });
      auto const found = rows.find({key.data, static_cast<size_t>(key.len)});
      if (found == rows.end()) continue;
      pg::InContext const kept(keep);
      found->second.current = pg::call([&] { return now.image(values.data(), nulls.get()); });
    }
  }
}

struct Change {
  pg::Value key;
  pg::Value before;
  pg::Value after;
};

std::vector<bool> key_columns(const LogSource& source) {
  std::vector<bool> columns(static_cast<size_t>(source.columns->count()), source.key.empty());
  for (int const slot : source.key)
    columns[static_cast<size_t>(slot)] = true;
  return columns;
}

void describe_row(const LogSource& source, const std::vector<LoggedEvent>& events, const RowEvents& row,
                  TimestampTz to, std::map<size_t, Change>& changes) {
  audit::RowWalk walk(source.columns->count());
  if (row.current) walk.start({row.current->fields, static_cast<size_t>(row.current->count)});
  std::vector<bool> const keys = key_columns(source);
  for (size_t i = row.events.size(); i-- > 0;) {
    LoggedEvent const& event = events[row.events[i]];
    walk.arrive(event.op, event.fields());
    bool const wanted = event.time < to;
    std::vector<bool> const columns = event.op == audit::Op::update ? changed_columns(source, event)
                                                                    : columns_of_layout(source, event.layout);
    Change change;
    if (wanted) change.after = row_object(source, walk, columns);
    walk.leave(event.op, event.fields());
    if (!wanted) continue;
    change.before = row_object(source, walk, columns);
    change.key = field_object(source, event.fields(), keys);
    changes.emplace(row.events[i], change);
  }
}

void add_change(const LogSource& source, const EventLog& log, const LoggedEvent& event, const Change& change,
                pg::RowSet& out) {
  const TransactionPeople* const people = log.people(event);
  auto const person = [&](TransactionPeople::Column column) {
    return people != nullptr ? people->values[column] : pg::Value{};
  };
  pg::Value const after = event.alteration == 0 ? change.after : pg::Value{event.alteration, false};
  pg::Value const transaction{FullTransactionIdGetDatum(FullTransactionIdFromU64(event.order.transaction)),
                              false};
  out.add({pg::timestamp_value(event.time), pg::value(event.exact), transaction,
           pg::value(int32_t{event.order.sequence}), pg::value(audit::op_word(event.op)), change.key,
           changed_names(source, event), change.before, after, person(TransactionPeople::role),
           person(TransactionPeople::app_user)});
}

}  // namespace

void table_changes(const ChangesRequest& request, pg::RowSet& out) {
  deal::Options options("audit_changes", request.options);
  int64 const look_back_ms = options.integer("look_back_ms", 600'000, 0, 86'400'000LL * 366);
  options.finish();
  if (request.to < request.from) throw Error("22023", "from_time must not be later than to_time");
  pg::Memory const memory("deal_advisor audit changes");
  pg::FreshSnapshot const now;
  pg::rolled_back([&] {
    LogSource const source = open_log_source(request.relation);
    require_reader(source);
    EventLog log(source, memory.context());
    log.with_alterations();
    log.read_since(request.from, look_back_ms, true);
    RowsByKey rows = group(log.events(), request.to);
    find_current(source, rows, memory.context());
    pg::InContext const kept(memory.context());
    std::map<size_t, Change> changes;
    for (auto const& [key, row] : rows)
      describe_row(source, log.events(), row, request.to, changes);
    for (size_t i = 0; i < log.events().size(); ++i)
      if (log.events()[i].time < request.to) add_change(source, log, log.events()[i], changes[i], out);
  });
}

}  // namespace deal::server
