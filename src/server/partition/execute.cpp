#include "server/partition/execute.hpp"

#include "core/base/quote.hpp"
#include "server/bridge/data_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"

namespace deal::server {

namespace {

// No key: with wal_level = minimal a crash can make a sequence repeat what it gave in the transaction that
// made it, and noting what was done must not fail for that.
constexpr pg::DataTable kLog{
    "partition_log",
    "id bigint generated always as identity, started timestamptz not null default "
    "pg_catalog.clock_timestamp(), schema_name name not null, table_name name not null, action text not "
    "null, "
    "partition name, took_ms real not null, waited_ms real not null, tries integer not null, outcome text "
    "not null, "
    "sqlstate text, message text"};

pg::Cell or_null(const std::string& text) {
  return text.empty() ? pg::Cell{} : pg::Cell{text};
}

/// ATTACH has made or found the leaf's index that belongs to the parent's; its name is known only now.
void take_replica_identity(const partition::Parent& parent, const std::string& leaf) {
  pg::FreshSnapshot const now;
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      "select c.relname from pg_catalog.pg_inherits h join pg_catalog.pg_index i on i.indexrelid = "
      "h.inhrelid join "
      "pg_catalog.pg_class c on c.oid = h.inhrelid where h.inhparent = $1::pg_catalog.regclass and "
      "i.indrelid = "
      "$2::pg_catalog.regclass",
      {quote_qualified(parent.schema, parent.replica_identity), leaf});
  if (!row.empty())
    spi.execute("alter table " + leaf + " replica identity using index " + quote_identifier(row.text(0, 0)));
}

}  // namespace

pg::LockEffort run_as_owner(const StoredSet& set, const std::vector<std::string>& statements,
                            const Between& between, const AfterStatement& after) {
  pg::LockPatience patience;
  patience.timeout_ms = set.set.lock_timeout_ms;
  patience.most_tries = set.set.max_tries;
  return pg::with_short_locks(patience, between, [&] {
    pg::AsRole const owner(set.owner);
    for (size_t i = 0; i < statements.size(); ++i) {
      {
        pg::Spi spi;
        spi.execute(statements[i]);
      }
      if (after) after(i + 1);
    }
  });
}

pg::LockEffort run_creation(const StoredSet& set, const partition::Parent& parent, const std::string& leaf,
                            const std::vector<std::string>& statements, const Between& between) {
  bool const by_index = !parent.replica_identity.empty() && parent.replica_identity != "full" &&
                        parent.replica_identity != "nothing";
  return run_as_owner(set, statements, between, [&](size_t done) {
    if (by_index && done == statements.size()) take_replica_identity(parent, leaf);
  });
}

void log_action(const LogEntry& entry) {
  pg::make_data_table(kLog);
  pg::write_data(
      "insert into deal_advisor_data.partition_log (schema_name, table_name, action, partition, took_ms, "
      "waited_ms, tries, outcome, sqlstate, message) values ($1, $2, $3, $4, $5::real, $6::real, "
      "$7::integer, $8, "
      "$9, $10)",
      {entry.schema, entry.table, entry.action, or_null(entry.partition), std::to_string(entry.took_ms),
       std::to_string(entry.waited_ms), std::to_string(entry.tries),
       entry.sqlstate.empty() ? "done" : "failed", or_null(entry.sqlstate), or_null(entry.message)});
}

void run_logged(LogEntry entry, const std::function<pg::LockEffort()>& work) {
  double const began = pg::elapsed_clock_ms();
  pg::LockEffort const effort = work();
  entry.tries = effort.tries;
  entry.waited_ms = effort.waited_ms;
  entry.took_ms = pg::elapsed_clock_ms() - began - effort.waited_ms;
  log_action(entry);
}

}  // namespace deal::server
