#include "server/audit/prune.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/log_create.hpp"
#include "server/audit/log_scan.hpp"
#include "server/audit/seal.hpp"
#include "server/audit/seal_store.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/short_locks.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "access/xact.h"
}

namespace deal::server {

namespace {

/// A partition that may go.
struct OldPartition {
  std::string relation;  ///< its parent's name, not quoted
  std::string name;      ///< quoted
  int64 from = 0;
  int64 to = 0;
  int64 rows = 0;
  int64 bytes = 0;
};

constexpr const char* kOldPartitions =
    "select n.nspname, c.relname, b.lower, b.upper, pg_catalog.pg_total_relation_size(c.oid) from "
    "pg_catalog.pg_inherits i "
    "join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relkind = 'r' join pg_catalog.pg_namespace n on "
    "n.oid = "
    "c.relnamespace cross join lateral (select (extract(epoch from pg_catalog.substring(e.bound, 'FROM "
    "\\(''([0-9][^'']*)''\\)')::timestamptz) * 1000000)::bigint - 946684800000000 as lower, (extract(epoch "
    "from "
    "pg_catalog.substring(e.bound, 'TO \\(''([0-9][^'']*)''\\)')::timestamptz) * 1000000)::bigint - "
    "946684800000000 as "
    "upper from pg_catalog.pg_get_expr(c.relpartbound, c.oid) as e (bound)) b where i.inhparent = "
    "$1::pg_catalog.regclass and b.upper <= $2::bigint and b.lower is not null order by b.upper";

std::vector<OldPartition> old_partitions(const LogPlace& log, TimestampTz until) {
  std::vector<OldPartition> found;
  LogRelations const relations = read_log_relations(log);
  pg::Spi spi;
  for (std::string const& relation : relations.names) {
    pg::SqlResult const rows =
        spi.query(kOldPartitions, {quote_qualified(log.schema, relation), std::to_string(until)});
    for (size_t row = 0; row < rows.size(); ++row) {
      OldPartition old{relation,
                       quote_qualified(rows.text(row, 0), rows.text(row, 1)),
                       rows.int8(row, 2),
                       rows.int8(row, 3),
                       0,
                       rows.int8(row, 4)};
      bool const whole_days = old.from % audit::kDayLength == 0 && old.to % audit::kDayLength == 0;
      if (whole_days)
        found.push_back(std::move(old));
      else
        pg::notice("skipped: " + old.name +
                   " does not hold whole days (UTC), so seals would not know what is gone");
    }
  }
  for (OldPartition& old : found)
    old.rows = spi.query("select pg_catalog.count(*) from only " + old.name).int8(0, 0);
  return found;
}

void drop(const LogPlace& log, const std::vector<OldPartition>& partitions) {
  // The parents first, as writers take their locks; all in one go, so that they wait once.
  pg::with_short_locks({}, pg::pause, [&] {
    pg::Spi spi;
    std::string parent;
    for (OldPartition const& old : partitions) {
      if (old.relation != parent)
        spi.execute("lock table only " + quote_qualified(log.schema, old.relation) +
                    " in access exclusive mode");
      parent = old.relation;
      spi.execute("drop table " + old.name);
    }
  });
}

void note(const SealStore& store, const std::vector<OldPartition>& partitions, const std::string& by,
          const std::optional<std::string>& reason) {
  SettingsForHashing const settings;
  for (OldPartition const& old : partitions)
    store.add_pruning(old.relation, old.from, old.to, old.rows, by, reason);
}

std::vector<OldPartition> prune_as_owner(const LogPlace& log, TimestampTz until, const std::string& by,
                                         const std::optional<std::string>& reason, bool dry_run) {
  SealStore const store(log.schema);
  if (!dry_run) {
    store.ensure(log.owner);
    store.lock();
    pg::call([] { CommandCounterIncrement(); });
  }
  std::vector<OldPartition> old;
  {
    pg::LatestSnapshot const snapshot;
    old = old_partitions(log, until);
  }
  if (dry_run || old.empty()) return old;
  // What is about to go is sealed first, then that it goes; the locks come last, and are short.
  (void)seal_if_sealed(log);
  note(store, old, by, reason);
  (void)seal_if_sealed(log);
  drop(log, old);
  return old;
}

}  // namespace

void prune_log(const LogPlace& log, TimestampTz until, const std::optional<std::string>& reason, bool dry_run,
               pg::RowSet& rows) {
  std::string const by = pg::role_name(pg::current_role());
  if (!dry_run) (void)maintain_log(log);  // old rows in the overflow belong to what goes
  std::vector<OldPartition> old;
  {
    pg::AsRole const owner(log.owner);
    old = prune_as_owner(log, until, by, reason, dry_run);
  }
  for (OldPartition const& one : old)
    rows.add({pg::value(one.relation), pg::value(one.name), pg::timestamp_value(one.from),
              pg::timestamp_value(one.to), pg::value(one.rows), pg::value(one.bytes)});
}

int64 maintain_logs(const std::optional<std::string>& schema) {
  std::vector<LogPlace> const logs = schema ? std::vector<LogPlace>{require_log(*schema)} : own_logs();
  int64 moved = 0;
  for (LogPlace const& log : logs) {
    {
      pg::AsRole const owner(log.owner);
      SealStore const store(log.schema);
      if (store.exists()) store.lock();  // nobody erases meanwhile
    }
    int64 const of_log = maintain_log(log);
    if (of_log > 0)
      pg::notice(fmt::format("{} rows of the audit log in schema {} were moved to their partitions", of_log,
                             quote_identifier(log.schema)));
    moved += of_log;
  }
  return moved;
}

}  // namespace deal::server
