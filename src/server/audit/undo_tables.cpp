#include "server/audit/undo_tables.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/base/quote.hpp"
#include "server/audit/log_place.hpp"
#include "server/audit/log_rights.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "access/xact.h"
}

namespace deal::server {

namespace {

constexpr size_t kFewRows = 2000;

/// Where a log says a table is.
struct LoggedTable {
  std::string log;
  int32 table = 0;
  Oid relation = InvalidOid;
};

/// When the transaction ran, by a log; no rows of it there: nothing. Text of two times.
std::optional<std::pair<std::string, std::string>> span_of(pg::Spi& spi, const std::string& log,
                                                           uint64 transaction, bool own) {
  if (own) return std::pair(spi.query("select pg_catalog.now()").text(0, 0), std::string("infinity"));
  pg::SqlResult const rows = spi.query(
      fmt::format(
          "select max(started), max(at) from (select started, at from {} where xid = $1::xid8 union all "
          "select started, at from {} where xid = $1::xid8) t",
          quote_qualified(log, audit::kTransactions), quote_qualified(log, audit::kTransactionOverflow)),
      {std::to_string(transaction)});
  if (rows.is_null(0, 0)) return std::nullopt;
  return std::pair(rows.text(0, 0), rows.text(0, 1));
}

/// The tables of a log that the transaction changed, and those with a history of their own, which may be.
void add_tables(const std::string& log, Oid owner, uint64 transaction, bool own,
                std::vector<LoggedTable>& tables) {
  pg::AsRole const as_owner(owner);
  pg::Spi spi;
  auto const span = span_of(spi, log, transaction, own);
  if (!span) return;
  auto const events = [&](const char* name) {
    return fmt::format(
        "select row_key >> 44 from {} where xid = $1::xid8 and at between $4::timestamptz and "
        "$5::timestamptz",
        quote_qualified(log, name));
  };
  pg::SqlResult const rows = spi.query(
      fmt::format(
          "select t.table_id, case when (t.database, t.system_id) = ($2::oid, $3::bigint) then "
          "t.relation else pg_catalog.to_regclass(pg_catalog.format('%I.%I', t.schema_name, t.table_name))"
          "::oid end from {} t where t.history is not null or t.table_id in ({} union {}) order by 1",
          quote_qualified(log, audit::kTables), events(audit::kEvents), events(audit::kOverflow)),
      {std::to_string(transaction), std::to_string(MyDatabaseId),
       std::to_string(static_cast<int64_t>(incarnation_of(InvalidOid).system)), span->first, span->second});
  for (size_t row = 0; row < rows.size(); ++row)
    tables.push_back({log, static_cast<int32>(rows.int8(row, 0)), rows.oid(row, 1)});
}

class Reader {
 public:
  Reader(UndoScope& scope, MemoryContext keep) : scope_(scope), keep_(keep) {}

  void read(LogSource source, uint64 transaction) {
    scope_.tables.push_back({std::move(source), nullptr});
    // The log refers to its source; so the vector must not move them afterwards (see read_undo_scope).
    UndoTable& table = scope_.tables.back();
    table.log = std::make_unique<EventLog>(table.source, keep_);
    table.log->read_transaction(FullTransactionIdFromU64(transaction));
    int const number = static_cast<int>(scope_.tables.size()) - 1;
    std::unordered_map<std::string_view, int> rows;
    for (LoggedEvent const& event : table.log->events())
      add(table.source, number, event, rows);
    if (table.log->events().empty()) scope_.tables.pop_back();
  }

 private:
  void add(const LogSource& source, int table, const LoggedEvent& event,
           std::unordered_map<std::string_view, int>& rows) {
    int row = -1;
    if (event.op != audit::Op::truncate) {
      auto const [place, is_new] = rows.try_emplace(event.key, static_cast<int>(scope_.rows.size()));
      if (is_new)
        scope_.rows.push_back(
            {table, event.key, event.fields(), event.row_key, event.op, event.order, 0, 0, {}});
      row = place->second;
      UndoRow& known = scope_.rows[static_cast<size_t>(row)];
      if (event.op == audit::Op::insert || event.op == audit::Op::key_after) ++known.added;
      if (event.op == audit::Op::remove || event.op == audit::Op::key_before) --known.added;
      if (known.order <= event.order) {
        known.last = event.op;
        known.order = event.order;
      }
    }
    scope_.events.push_back({table, row, event.order.sequence, event.op, shape_of(source, event)});
    scope_.logged.push_back(&event);
  }

  int shape_of(const LogSource& source, const LoggedEvent& event) {
    if (event.op != audit::Op::update) return 0;
    std::vector<int> slots;
    for (audit::Field const& field : event.fields())
      if (std::ranges::find(source.key, field.slot) == source.key.end()) slots.push_back(field.slot);
    std::ranges::sort(slots);
    auto const [place, is_new] = shapes_.try_emplace(slots, static_cast<int>(scope_.shapes.size()));
    if (is_new) scope_.shapes.push_back(slots);
    return place->second;
  }

  UndoScope& scope_;
  MemoryContext keep_;
  std::map<std::vector<int>, int> shapes_;
};

}  // namespace

UndoScope read_undo_scope(uint64 transaction, const std::vector<Oid>& only, MemoryContext keep) {
  UndoScope scope;
  std::vector<LoggedTable> tables;
  bool const own = transaction == U64FromFullTransactionId(GetTopFullTransactionIdIfAny());
  for (LogPlace const& log : all_logs()) {
    // Anybody may make a log, also a broken one: that must not keep others from undoing their changes.
    std::optional<pg::Failure> const failure = pg::attempt(
        pg::OnSuccess::roll_back, [&] { add_tables(log.schema, log.owner, transaction, own, tables); });
    if (failure)
      pg::warning("the audit log in schema " + quote_identifier(log.schema) +
                  " can't be read: " + failure->message);
  }
  scope.tables.reserve(tables.size());
  Reader reader(scope, keep);
  for (LoggedTable const& table : tables) {
    if (!only.empty() && std::ranges::find(only, table.relation) == only.end()) continue;
    if (table.relation == InvalidOid || pg::relation_owner(table.relation) == InvalidOid) continue;
    std::optional<LogSource> source;
    std::optional<pg::Failure> const failure =
        pg::attempt(pg::OnSuccess::roll_back, [&] { source = find_log_source(table.relation); });
    if (failure || !source || source->log != table.log || source->table.table != table.table) continue;
    if (may_read(*source))
      reader.read(std::move(*source), transaction);
    else
      ++scope.hidden_tables;
  }
  return scope;
}

void find_later_changes(UndoScope& scope, uint64 transaction, MemoryContext keep) {
  for (size_t number = 0; number < scope.tables.size(); ++number) {
    UndoTable const& table = scope.tables[number];
    if (table.source.key.empty()) continue;  // rows that are alike stand for each other
    std::unordered_map<std::string_view, UndoRow*> rows;
    std::vector<int64> row_keys;
    TimestampTz since = DT_NOEND;
    for (UndoRow& row : scope.rows) {
      if (row.table != static_cast<int>(number)) continue;
      rows.emplace(row.identity, &row);
      row_keys.push_back(row.row_key);
      since = std::min<TimestampTz>(since, row.order.time);
    }
    if (rows.empty() || since == DT_NOEND) continue;
    EventLog later(table.source, keep);
    if (row_keys.size() <= kFewRows)
      later.read_rows(row_keys, false);
    else
      later.read_since(since, 0, false);
    for (LoggedEvent const& event : later.events()) {
      auto const found = rows.find(event.key);
      if (event.op == audit::Op::truncate || found == rows.end() || event.order.transaction == transaction)
        continue;
      if (event.order > found->second->order)
        found->second->conflict = fmt::format("changed by the later transaction {}", event.order.transaction);
    }
  }
}

}  // namespace deal::server
