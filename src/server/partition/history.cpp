#include "server/partition/history.hpp"

#include <fmt/format.h>

#include "core/base/quote.hpp"
#include "server/bridge/data_table.hpp"

namespace deal::server {

namespace {

constexpr pg::DataTable kRun{"partition_run",
                             "schema_name name not null, table_name name not null, last_run timestamptz not "
                             "null, last_ok timestamptz, "
                             "last_error text, failures integer not null, next_try timestamptz, primary key "
                             "(schema_name, table_name)"};

}  // namespace

void record_run(const StoredSet& stored, const Outcome& outcome) {
  pg::make_data_table(kRun);
  bool const failed = !outcome.sqlstate.empty();
  pg::Cell const error = failed ? pg::Cell{outcome.sqlstate + ": " + outcome.message} : pg::Cell{};
  pg::write_data(
      "insert into deal_advisor_data.partition_run as r values ($1, $2, pg_catalog.now(), case when $3::text "
      "is null "
      "then pg_catalog.now() end, $3, case when $3::text is null then 0 else 1 end, case when $3::text is "
      "not null "
      "then pg_catalog.now() + interval '1 minute' end) on conflict (schema_name, table_name) do update set "
      "last_run = excluded.last_run, last_ok = coalesce(excluded.last_ok, r.last_ok), last_error = "
      "coalesce(excluded.last_error, r.last_error), failures = case when $3::text is null then 0 else "
      "r.failures + 1 "
      "end, next_try = case when $3::text is not null then pg_catalog.now() + least(interval '1 day', "
      "interval "
      "'1 minute' * 2 ^ least(r.failures, 11)) end",
      {stored.set.schema, stored.set.table, error});
}

RunHistory run_history(const StoredSet& stored) {
  if (!pg::data_table_exists(kRun)) return {};
  pg::SqlResult const rows = pg::read_data(
      "select last_ok::text, last_error, case when next_try > pg_catalog.now() then next_try::text end from "
      "deal_advisor_data.partition_run where schema_name = $1 and table_name = $2",
      {stored.set.schema, stored.set.table});
  if (rows.empty()) return {};
  return {rows.cell(0, 0), rows.cell(0, 1), rows.cell(0, 2)};
}

std::string waiting(const StoredSet& stored) {
  RunHistory const history = run_history(stored);
  if (!history.next_try) return "";
  return fmt::format("{} failed and waits until {}: {}", quote_qualified(stored.set.schema, stored.set.table),
                     *history.next_try, history.last_error.value_or(""));
}

}  // namespace deal::server
