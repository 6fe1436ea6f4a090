#include "server/partition/convert_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

void run_statement(const ConversionRunner& runner, const partition::ConversionStatement& statement) {
  ObjectId const role = statement.role.empty() ? runner.owner : pg::role_oid(statement.role);
  if (role == 0 || !pg::may_assume(pg::current_role(), role))
    throw Error("42501", "permission denied to act as role \"" + statement.role + "\"");
  pg::LocalSettings const settings;
  if (statement.lock_timeout_ms > 0)
    settings.set("lock_timeout", std::to_string(std::min(statement.lock_timeout_ms, runner.lock_timeout_ms)));
  run_as(role, statement.sql);
}

}  // namespace

void run_as(ObjectId role, const std::string& sql) {
  pg::AsRole const as_role(role);
  pg::Spi spi;
  spi.execute(sql);
}

ObjectId relation_named(const std::string& schema, const std::string& name) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where n.nspname = $1 and c.relname = $2",
      {schema, name});
  return rows.empty() ? 0 : rows.oid(0, 0);
}

std::string identity_of_relation(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
      "c.relnamespace where c.oid = $1::oid",
      {std::to_string(relation)});
  return rows.empty() ? std::string() : quote_qualified(rows.text(0, 0), rows.text(0, 1));
}

void ConversionRunner::announce(const std::string& step) const {
  stored.current = step;
  save_conversion(stored);
  pg::commit();
}

void ConversionRunner::log(const partition::ConversionStep& step, double began, double held_since,
                           const pg::LockEffort& effort) const {
  double const now = pg::elapsed_clock_ms();
  LogEntry entry;
  entry.schema = stored.schema;
  entry.table = stored.table;
  entry.action = "convert:" + std::string(partition::name_of(step.kind));
  entry.partition = step.object;
  entry.tries = effort.tries;
  entry.waited_ms = effort.waited_ms;
  entry.took_ms = now - began;
  entry.message = step.words;
  if (held_since > 0) entry.message += fmt::format("; locks held for {:.1f} ms", now - held_since);
  log_action(entry);
}

void ConversionRunner::run_short(const partition::ConversionStep& step, const std::function<void()>& after,
                                 const std::function<void()>& recheck) const {
  pg::LockPatience patience;
  patience.timeout_ms = lock_timeout_ms;
  patience.most_tries = max_tries;
  double began = 0;
  double held_since = 0;
  pg::LockEffort const effort = pg::with_short_locks(patience, pg::commit_and_pause, [&] {
    began = pg::elapsed_clock_ms();
    held_since = began;
    for (std::size_t i = 0; i < step.statements.size(); ++i) {
      if (i == step.locks && recheck) {
        pg::FreshSnapshot const now;
        recheck();
      }
      run_statement(*this, step.statements[i]);
      if (i + 1 == step.locks) held_since = pg::elapsed_clock_ms();
    }
    if (!after) return;
    pg::FreshSnapshot const now;
    after();
  });
  pg::commit();  // the locks are gone before the log is written
  log(step, began, held_since, effort);
  pg::commit();
}

void ConversionRunner::run_plain(const partition::ConversionStep& step) const {
  double const began = pg::elapsed_clock_ms();
  for (auto const& statement : step.statements)
    run_statement(*this, statement);
  pg::commit();
  log(step, began, 0, {});
  pg::commit();
}

}  // namespace deal::server
