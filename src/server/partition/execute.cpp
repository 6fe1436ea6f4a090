#include "server/partition/execute.hpp"

#include "server/bridge/data_table.hpp"
#include "server/bridge/role.hpp"

namespace deal::server {

namespace {

constexpr pg::DataTable kLog{
    "partition_log",
    "id bigint generated always as identity primary key, started timestamptz not null default "
    "pg_catalog.clock_timestamp(), schema_name name not null, table_name name not null, action text not "
    "null, "
    "partition name, took_ms real not null, waited_ms real not null, tries integer not null, outcome text "
    "not null, "
    "sqlstate text, message text"};

pg::Cell or_null(const std::string& text) {
  return text.empty() ? pg::Cell{} : pg::Cell{text};
}

}  // namespace

pg::LockEffort run_as_owner(const StoredSet& set, const std::vector<std::string>& statements,
                            const Between& between, const Recheck& recheck) {
  pg::LockPatience patience;
  patience.timeout_ms = set.set.lock_timeout_ms;
  patience.most_tries = set.set.max_tries;
  return pg::with_short_locks(patience, between, [&] {
    pg::AsRole const owner(set.owner);
    bool first = true;
    for (auto const& statement : statements) {
      {
        pg::Spi spi;
        spi.execute(statement);
      }
      if (first && recheck) recheck();
      first = false;
    }
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

}  // namespace deal::server
