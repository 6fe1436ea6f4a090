#include "server/audit/forget.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/audit/key_match.hpp"
#include "core/audit/log_schema.hpp"
#include "core/audit/row_key.hpp"
#include "core/audit/seal_check.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/log_config.hpp"
#include "server/audit/log_place.hpp"
#include "server/audit/log_scan.hpp"
#include "server/audit/seal.hpp"
#include "server/audit/seal_store.hpp"
#include "server/audit/transaction.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "access/xact.h"
}

namespace deal::server {

namespace {

/// An audited table and the log that it is in.
struct FoundTable {
  LogPlace log;
  int32 table = 0;
};

std::optional<int32> number_in(const LogPlace& log, Oid relation) {
  Incarnation const now = incarnation_of(relation);
  pg::AsRole const owner(log.owner);
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      fmt::format(
          "select table_id from {} where (relation, database, system_id) = ($1::oid, $2::oid, $3::bigint) or "
          "((schema_name, table_name) = (select n.nspname, c.relname from pg_catalog.pg_class c join "
          "pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = $1::oid) and (database, "
          "system_id) is "
          "distinct from ($2::oid, $3::bigint)) order by relation = $1::oid desc limit 1",
          quote_qualified(log.schema, audit::kTables)),
      {std::to_string(now.relation), std::to_string(now.database),
       std::to_string(static_cast<int64>(now.system))});
  if (row.empty()) return std::nullopt;
  return static_cast<int32>(row.int8(0, 0));
}

/// By its trigger; without one (auditing was switched off) in the logs that the caller may act for.
FoundTable find_table(Oid relation) {
  std::optional<TriggerArguments> const trigger = trigger_arguments(relation);
  std::vector<LogPlace> const logs = trigger ? std::vector<LogPlace>{require_log(trigger->log)} : own_logs();
  for (LogPlace const& log : logs)
    if (std::optional<int32> const number = number_in(log, relation)) return {log, *number};
  throw Error("42704", "the table is not in an audit log of yours")
      .hint("deal_advisor.audit_status() lists audited tables and where their logs are.");
}

/// Erases one row's contents. Acts as the log's owner throughout.
class Eraser {
 public:
  Eraser(const FoundTable& found, std::string by, std::optional<std::string> reason)
      : log_(found.log),
        number_(found.table),
        store_(log_.schema),
        by_(std::move(by)),
        reason_(std::move(reason)) {}

  void run(const std::string& key) {
    read_table();
    key_ = audit::parse_key(key, table_.key_columns, layouts_.back());
    store_.ensure(log_.owner);
    store_.lock();
    relations_ = read_log_relations(log_);
    {
      pg::call([] { CommandCounterIncrement(); });
      pg::LatestSnapshot const snapshot;
      seals_ = store_.seals();
    }
    for (LogLeaf const& leaf : relations_.leaves) {
      std::string const& relation = relations_.names[static_cast<size_t>(leaf.relation)];
      if (relation == audit::kEvents || relation == table_.history)
        done_.events += erase_events(leaf, relation);
    }
    for (LogLeaf const& leaf : relations_.leaves)
      if (relations_.names[static_cast<size_t>(leaf.relation)] == audit::kTransactions)
        done_.statements += erase_statements(leaf);
    done_.other_keys = other_keys_.empty() ? "[]" : fmt::format("[{}]", fmt::join(other_keys_, ", "));
  }

  const Erasure& done() const { return done_; }

 private:
  void read_table() {
    LogConfig const config(log_.schema, log_.owner);
    std::optional<AuditedTable> const table = config.table(number_);
    if (!table) throw Error("XX000", "the row of the audited table is gone");
    table_ = *table;
    pg::Spi spi;
    pg::SqlResult const rows =
        spi.query(fmt::format("select layout, columns from {} where table_id = $1::integer order by layout",
                              store_.table(audit::kLayouts)),
                  {std::to_string(number_)});
    for (size_t row = 0; row < rows.size(); ++row) {
      layouts_.push_back(audit::parse_layout(rows.text(row, 1)));
      layouts_.back().number = static_cast<int32>(rows.int8(row, 0));
    }
    if (layouts_.empty()) throw Error("XX000", "the log has no layout of the audited table");
  }

  /// The history's own columns and what they stand for.
  std::vector<audit::HistoryPlace> history_places(const LogLeaf& leaf) const {
    pg::Spi spi;
    pg::SqlResult const rows = spi.query(
        "select attname from pg_catalog.pg_attribute where attrelid = $1::oid and attnum > 9 and not "
        "attisdropped order by "
        "attnum",
        {std::to_string(leaf.oid)});
    std::vector<audit::HistoryPlace> places;
    for (size_t row = 0; row < rows.size(); ++row)
      places.push_back(
          {row < table_.history_columns.size() ? table_.history_columns[row] : 0, rows.text(row, 0)});
    return places;
  }

  int64 erase_events(const LogLeaf& leaf, const std::string& relation) {
    bool const typed = relation != audit::kEvents;
    std::string const prefix = typed ? "audit_" : "";
    std::vector<audit::HistoryPlace> const places =
        typed ? history_places(leaf) : std::vector<audit::HistoryPlace>{};
    std::string const condition = fmt::format(
        "{0}row_key >= {1} and {0}row_key < {2} and {3}", prefix, audit::first_row_key(number_),
        audit::first_row_key(number_ + 1),
        typed ? audit::history_condition(key_, places, layouts_) : audit::image_condition(key_, layouts_));
    if (!typed) note_other_keys(leaf, condition);
    std::string emptied = typed ? "audit_changed = null, audit_rest = null" : "image = null";
    for (audit::HistoryPlace const& place : places)
      emptied += fmt::format(", {} = null", quote_identifier(place.name));
    return erase(leaf, relation, condition, emptied);
  }

  /// Where a key change in the erased events leads.
  void note_other_keys(const LogLeaf& leaf, const std::string& condition) {
    pg::Spi spi;
    pg::SqlResult const rows = spi.query(
        fmt::format("select distinct o.layout, o.image from {0} e join {1} o on o.xid = e.xid and o.at = "
                    "e.at and o.seq = case e.op "
                    "when 'M' then e.seq + 1 else e.seq - 1 end and o.op = case e.op when 'M' then 'N' else "
                    "'M' end::\"char\" where e.op "
                    "in ('M', 'N') and o.image is not null",
                    "(select * from only " + leaf.name + " where " + condition + ")", "only " + leaf.name));
    for (size_t row = 0; row < rows.size(); ++row) {
      auto const layout =
          std::ranges::find(layouts_, static_cast<int32>(rows.int8(row, 0)), &audit::Layout::number);
      if (layout == layouts_.end() || table_.key_columns.empty()) continue;
      other_keys_.insert(
          audit::key_in_image(rows.text(row, 1), table_.key_columns, *layout, layouts_.back()));
    }
  }

  int64 erase_statements(const LogLeaf& leaf) {
    std::string condition;
    for (auto const& [xid, at] : transactions_)
      condition += fmt::format("{}'{}'", condition.empty() ? "" : ", ", xid);
    if (condition.empty()) return 0;
    return erase(
        leaf, audit::kTransactions,
        fmt::format("statement is not null and xid in ({}) and at >= {}", condition, oldest_literal()),
        "statement = null");
  }

  /// Events are no younger than the row of their transaction; in another cluster the same number is another
  /// one.
  std::string oldest_literal() const {
    int64 oldest = INT64_MAX;
    for (auto const& [xid, at] : transactions_)
      oldest = std::min(oldest, at);
    return fmt::format("timestamptz '2000-01-01 00:00:00+00' + {} * interval '1 microsecond'", oldest);
  }

  using Identity = std::tuple<int64, uint64, int32>;
  static Identity identity_of(const ScannedRow& row) { return {row.at, row.row.xid, row.row.order}; }

  std::vector<std::string> places_of(const LogLeaf& leaf, const std::string& condition) const {
    pg::Spi spi;
    pg::SqlResult const rows =
        spi.query(fmt::format("select ctid from only {} where {}", leaf.name, condition));
    std::vector<std::string> places;
    for (size_t row = 0; row < rows.size(); ++row)
      places.push_back(rows.text(row, 0));
    return places;
  }

  /// Empties the rows that meet the condition and notes their hashes before and after.
  int64 erase(const LogLeaf& leaf, const std::string& relation, const std::string& condition,
              const std::string& emptied) {
    bool const is_transactions = relation == audit::kTransactions;
    std::vector<ScannedRow> before;
    {
      pg::call([] { CommandCounterIncrement(); });
      pg::LatestSnapshot const snapshot;
      std::vector<std::string> const places = places_of(leaf, condition);
      if (places.empty()) return 0;
      before = LeafScan(leaf, is_transactions).at(places);
    }
    {
      pg::Spi spi;
      spi.execute(fmt::format("update only {} set {} where {}", leaf.name, emptied, condition));
    }
    std::map<Identity, audit::Digest> after;
    {
      pg::call([] { CommandCounterIncrement(); });
      pg::LatestSnapshot const snapshot;
      LeafScan scan(leaf, is_transactions);
      RowWindow const window = window_of(before);
      for (auto* rows = &scan.next(window); !rows->empty(); rows = &scan.next(window))
        for (ScannedRow const& row : *rows)
          if (row.erased) after[identity_of(row)] = row.row.hash;
    }
    for (ScannedRow& row : before)
      note(relation, row, after);
    return static_cast<int64>(before.size());
  }

  static RowWindow window_of(const std::vector<ScannedRow>& rows) {
    RowWindow window{UINT64_MAX, 0, DT_NOEND, DT_NOBEGIN};
    for (ScannedRow const& row : rows) {
      window.from_xid = std::min(window.from_xid, row.row.xid);
      window.to_xid = std::max(window.to_xid, row.row.xid + 1);
      window.from = std::min(window.from, row.at);
      window.to = std::max(window.to, row.at + 1);
    }
    return window;
  }

  void note(const std::string& relation, ScannedRow& row, const std::map<Identity, audit::Digest>& after) {
    auto const emptied = after.find(identity_of(row));
    if (emptied == after.end()) throw Error("XX000", "a row of the log changed while it was erased");
    // What no seal covers yet will be sealed as it is now.
    if (audit::covering_seal(seals_, row.at, row.row.xid) == nullptr) row.row.hash = emptied->second;
    store_.add_erasure(relation, row.at, row.row, emptied->second, by_, reason_);
    if (relation != audit::kTransactions) {
      auto const [place, is_new] = transactions_.try_emplace(row.row.xid, row.at);
      if (!is_new) place->second = std::min(place->second, static_cast<int64>(row.at));
    }
  }

  LogPlace log_;
  int32 number_;
  SealStore store_;
  std::string by_;
  std::optional<std::string> reason_;
  AuditedTable table_;
  std::vector<audit::Layout> layouts_;
  audit::KeyValues key_;
  LogRelations relations_;
  std::vector<audit::Seal> seals_;
  std::map<uint64, int64> transactions_;  ///< with the time of their first erased event
  std::set<std::string> other_keys_;
  Erasure done_;
};

}  // namespace

Erasure forget_row(ObjectId relation, const std::string& key, const std::optional<std::string>& reason) {
  FoundTable const found = find_table(relation);
  std::string const by = pg::role_name(pg::current_role());
  flush_audit();
  (void)seal_if_sealed(found.log);
  Eraser eraser(found, by, reason);
  {
    pg::AsRole const owner(found.log.owner);
    SettingsForHashing const settings;
    eraser.run(key);
  }
  Erasure done = eraser.done();
  Sealing const sealed = seal_if_sealed(found.log);
  done.seal = sealed.seal;
  done.digest = sealed.digest;
  return done;
}

}  // namespace deal::server
