#include "server/audit/history.hpp"

#include <algorithm>

#include "core/audit/row_walk.hpp"
#include "core/base/options.hpp"
#include "server/audit/current_rows.hpp"
#include "server/audit/log_rights.hpp"
#include "server/audit/row_probe.hpp"
#include "server/audit/row_state.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "utils/xid8.h"
}

namespace deal::server {

namespace {

constexpr int64 kAll = 1'000'000'000;

/// The events that are versions of the row, oldest first.
std::vector<const LoggedEvent*> versions_of(const EventLog& log, const std::string& identity) {
  std::vector<const LoggedEvent*> versions;
  for (LoggedEvent const& event : log.events()) {
    bool const own = event.op == audit::Op::truncate
                         ? !versions.empty() && audit::ends_with_truncate(versions.back()->op)
                         : event.key == identity;
    if (own) versions.push_back(&event);
  }
  return versions;
}

/// The row as it is now, as fields in `keep`; nothing when it is gone.
std::optional<ImageFields> current_image(const LogSource& source, const RowProbe& probe, MemoryContext keep) {
  RowCondition condition;
  if (!probe.values.empty()) condition = key_condition(source, probe.values);
  CurrentRows rows(source, condition, keep);
  std::vector<Datum> values(static_cast<size_t>(rows.columns()) + 1);
  auto const nulls = std::make_unique<bool[]>(values.size());
  for (auto batch = rows.fetch(); !batch.empty(); batch = rows.fetch()) {
    pg::AsRole const as_owner(source.owner);
    for (HeapTuple const row : batch) {
      rows.deform(row, values.data(), nulls.get());
      StringInfoData const key = pg::call([&] { return rows.identity(values.data(), nulls.get()); });
      if (std::string_view(key.data, static_cast<size_t>(key.len)) != probe.identity) continue;
      pg::InContext const kept(keep);
      return pg::call([&] { return rows.image(values.data(), nulls.get()); });
    }
  }
  return std::nullopt;
}

struct Version {
  const LoggedEvent* event;
  pg::Value before;
  pg::Value after;
};

void add_version(const LogSource& source, const EventLog& log, const Version& version, size_t number,
                 pg::RowSet& out) {
  LoggedEvent const& event = *version.event;
  const TransactionPeople* const people = log.people(event);
  const TransactionPeople* const part = log.own_part(event);
  auto const person = [&](TransactionPeople::Column column) {
    return people != nullptr ? people->values[column] : pg::Value{};
  };
  auto const of_part = [&](TransactionPeople::Column column) {
    return part != nullptr ? part->values[column] : pg::Value{};
  };
  pg::Value const transaction{FullTransactionIdGetDatum(FullTransactionIdFromU64(event.order.transaction)),
                              false};
  out.add({pg::value(static_cast<int32_t>(number)), pg::value(audit::op_word(event.op)),
           pg::timestamp_value(event.time), pg::value(event.exact), transaction,
           pg::value(int32_t{event.order.sequence}), person(TransactionPeople::session_user),
           person(TransactionPeople::role), person(TransactionPeople::app_user),
           person(TransactionPeople::context), person(TransactionPeople::client),
           person(TransactionPeople::application), of_part(TransactionPeople::query),
           of_part(TransactionPeople::statement), changed_names(source, event), version.before,
           version.after});
}

/// From the newest to the oldest, at most `most`.
std::vector<Version> walk_back(const LogSource& source, const std::vector<const LoggedEvent*>& events,
                               size_t most, const std::optional<ImageFields>& current) {
  audit::RowWalk walk(source.columns->count());
  if (current) walk.start({current->fields, static_cast<size_t>(current->count)});
  std::vector<Version> versions;
  for (size_t i = events.size(); i-- > 0 && versions.size() < most;) {
    LoggedEvent const& event = *events[i];
    std::vector<bool> const columns = columns_of_layout(source, event.layout);
    walk.arrive(event.op, event.fields());
    pg::Value const after = row_object(source, walk, columns);
    walk.leave(event.op, event.fields());
    versions.push_back({&event, row_object(source, walk, columns), after});
  }
  return versions;
}

}  // namespace

void row_history(Oid relation, const pg::Value& key, const std::string& options_text, pg::RowSet& out) {
  deal::Options options("audit_history", options_text);
  auto const most = static_cast<size_t>(options.integer("limit", kAll, 1, kAll));
  options.finish();
  pg::Memory const memory("deal_advisor audit history");
  pg::FreshSnapshot const now;
  pg::rolled_back([&] {
    LogSource const source = open_log_source(relation);
    require_reader(source);
    RowProbe const probe = probe_row(source, key, memory.context());
    EventLog log(source, memory.context());
    log.read_rows(probe.row_keys, true);
    std::vector<const LoggedEvent*> const events = versions_of(log, probe.identity);
    std::optional<ImageFields> const current = current_image(source, probe, memory.context());
    pg::InContext const kept(memory.context());
    std::vector<Version> const versions = walk_back(source, events, most, current);
    for (size_t i = versions.size(); i-- > 0;)
      add_version(source, log, versions[i], events.size() - i, out);
  });
}

}  // namespace deal::server
