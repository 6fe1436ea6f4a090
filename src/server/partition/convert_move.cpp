#include "server/partition/convert_move.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

// Unique indexes on plain columns of all rows: their columns as "a.x = b.x and ..." and as a list.
constexpr const char* kUniqueKeys =
    "select c.relname, pg_catalog.string_agg(pg_catalog.format('o.%1$I = k.%1$I', a.attname), ' and ' order "
    "by "
    "p.ordinality), pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by p.ordinality) "
    "from "
    "pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid cross join lateral "
    "pg_catalog.unnest(i.indkey[0:i.indnkeyatts - 1]) with ordinality p (attnum, ordinality) join "
    "pg_catalog.pg_attribute "
    "a on a.attrelid = i.indrelid and a.attnum = p.attnum where i.indrelid = $1::oid and i.indisunique and "
    "i.indisvalid "
    "and i.indexprs is null and i.indpred is null group by c.relname";

constexpr const char* kColumns =
    "select pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' order by attnum) from "
    "pg_catalog.pg_attribute "
    "where attrelid = $1::oid and attnum > 0 and not attisdropped and attgenerated = ''";

bool any(ObjectId owner, const std::string& query) {
  pg::AsRole const as_owner(owner);
  pg::LocalSettings const settings;
  settings.set("row_security", "off");
  pg::Spi spi;
  return spi.query("select exists (" + query + ")").boolean(0, 0);
}

Error broken_key(const std::string& index) {
  Error error("23505", fmt::format("rows of later partitions repeat keys of \"{}\"", index));
  error.detail("The partitioned table took them, since its key has the partition column as well.")
      .hint("Change or delete these rows, then call it again.");
  return error;
}

std::vector<std::string> user_triggers(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select pg_catalog.quote_ident(tgname), tgenabled from pg_catalog.pg_trigger where tgrelid = $1::oid "
      "and "
      "not tgisinternal and tgenabled <> 'D'",
      {std::to_string(relation)});
  std::vector<std::string> names;
  for (size_t row = 0; row < rows.size(); ++row) {
    std::string const state = rows.text(row, 1);
    names.push_back((state == "A"   ? "always "
                     : state == "R" ? "replica "
                                    : "") +
                    ("trigger " + rows.text(row, 0)));
  }
  return names;
}

/// Switches the user's triggers of a table off or on again for one transaction.
void switch_triggers(ObjectId owner, const std::string& table, const std::vector<std::string>& triggers,
                     bool on) {
  for (auto const& trigger : triggers) {
    std::string const plain = trigger.substr(trigger.find("trigger "));
    run_as(owner, on ? fmt::format("alter table {} enable {}", table, trigger)
                     : fmt::format("alter table {} disable {}", table, plain));
  }
}

struct Move {
  std::string table;
  std::string child;
  std::string columns;
  std::vector<std::string> table_triggers;
  std::vector<std::string> child_triggers;
};

Move prepared(ObjectId relation, ObjectId child) {
  Move move;
  move.table = identity_of_relation(relation);
  move.child = identity_of_relation(child);
  move.table_triggers = user_triggers(relation);
  move.child_triggers = user_triggers(child);
  pg::Spi spi;
  move.columns = spi.query(kColumns, {std::to_string(relation)}).text(0, 0);
  return move;
}

/// One batch, in the current transaction; the number of rows. Writers wait for it, so that none of them can
/// be about to change a row that is no longer where it looked.
std::int64_t move_batch(ObjectId owner, const Move& move, int batch_rows) {
  run_as(owner,
         fmt::format("lock table only {}, only {} in share row exclusive mode", move.table, move.child));
  switch_triggers(owner, move.table, move.table_triggers, false);
  switch_triggers(owner, move.child, move.child_triggers, false);
  std::int64_t moved = 0;
  {
    pg::AsRole const as_owner(owner);
    pg::LocalSettings const settings;
    settings.set("row_security", "off");
    pg::Spi spi;
    moved = spi.execute(fmt::format(
        "with moved as (delete from only {0} where ctid = any (array(select ctid from only {0} limit {1})) "
        "returning {2}) insert into {3} ({2}) overriding system value select {2} from moved",
        move.child, batch_rows, move.columns, move.table));
  }
  switch_triggers(owner, move.child, move.child_triggers, true);
  switch_triggers(owner, move.table, move.table_triggers, true);
  return moved;
}

partition::ConversionStep drop_step(const Move& move) {
  partition::ConversionStep step;
  step.kind = partition::StepKind::move_back;
  step.object = move.child;
  step.words = "all rows are back in the table";
  step.statements.push_back({fmt::format("lock table only {} in access exclusive mode", move.table), {}, 0});
  step.statements.push_back({fmt::format("lock table only {} in access exclusive mode", move.child), {}, 20});
  step.statements.push_back({fmt::format("alter table {} no inherit {}", move.child, move.table), {}, 0});
  step.statements.push_back({fmt::format("drop table {}", move.child), {}, 0});
  step.locks = 2;
  return step;
}

}  // namespace

void refuse_broken_keys(ObjectId relation, ObjectId owner,
                        const std::vector<partition::KeptPartition>& partitions) {
  if (partitions.empty()) return;
  std::string all;
  for (auto const& partition : partitions)
    all += (all.empty() ? "table only " : " union all table only ") +
           quote_qualified(partition.schema, partition.name);
  pg::SqlResult const keys = [&] {
    pg::Spi spi;
    return spi.query(kUniqueKeys, {std::to_string(relation)});
  }();
  std::string const table = identity_of_relation(relation);
  for (size_t row = 0; row < keys.size(); ++row) {
    if (any(owner, fmt::format("select from ({}) k join only {} o on {}", all, table, keys.text(row, 1))) ||
        any(owner, fmt::format("select from ({0}) k group by {1} having pg_catalog.count(*) > 1 and ({1}) is "
                               "not null",
                               all, keys.text(row, 2))))
      throw broken_key(keys.text(row, 0));
  }
}

std::vector<ObjectId> children_of(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const rows =
      spi.query("select inhrelid from pg_catalog.pg_inherits where inhparent = $1::oid order by 1",
                {std::to_string(relation)});
  std::vector<ObjectId> found;
  for (size_t row = 0; row < rows.size(); ++row)
    found.push_back(rows.oid(row, 0));
  return found;
}

void move_rows(const ConversionRunner& runner, ObjectId relation, ObjectId child, int batch_rows,
               int pause_ms) {
  Move const move = prepared(relation, child);
  pg::LockPatience patience;
  patience.timeout_ms = runner.lock_timeout_ms;
  patience.most_tries = runner.max_tries;
  for (std::int64_t moved = 1; moved > 0;) {
    pg::with_short_locks(patience, pg::commit_and_pause,
                         [&] { moved = move_batch(runner.owner, move, batch_rows); });
    pg::commit_and_pause(pause_ms);
  }
  runner.run_short(drop_step(move), {}, [&] {
    if (any(runner.owner, "select from only " + move.child))
      throw Error("55000", move.child + " holds rows again").hint("Call it again.");
  });
}

}  // namespace deal::server
