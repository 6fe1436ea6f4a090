#include "server/soft_delete/purge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/soft_delete/soft_delete.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/bridge/transaction.hpp"
#include "server/catalog/user_table.hpp"
#include "server/soft_delete/relatives.hpp"
#include "server/soft_delete/trigger.hpp"

namespace deal::server {

namespace {

constexpr const char* kFirstPlace = "(0,0)";

/// What one call does everywhere.
struct Purge {
  UserTable table;
  std::string mark;
  std::string until;  ///< rows marked before this time
  int64_t batch;
};

/// The tables that hold the rows: itself, its partitions, or those that inherit from it.
std::vector<ObjectId> leaves_of(const UserTable& table) {
  if (table.kind != 'p') return with_inheriting_tables(table.relation);
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select t.relid::oid from pg_catalog.pg_partition_tree($1::oid::pg_catalog.regclass) t join "
      "pg_catalog.pg_class c on c.oid = t.relid where c.relkind = 'r' order by 1",
      {std::to_string(table.relation)});
  std::vector<ObjectId> leaves;
  for (size_t i = 0; i < rows.size(); ++i)
    leaves.push_back(rows.oid(i, 0));
  return leaves;
}

/// Queries for rows that refer to row x by a key that keeps x from being deleted.
std::vector<std::string> keeping_queries(ObjectId relation) {
  pg::Spi spi;
  // An unqualified unnest: only that one takes several arrays.
  pg::SqlResult const rows = spi.query(
      "select pg_catalog.format('select from %I.%I r where %s', n.nspname, c.relname, "
      "pg_catalog.string_agg(pg_catalog.format('x.%I operator(%I.%s) r.%I', b.attname, o.nspname, p.oprname, "
      "a.attname), ' and ')) from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = "
      "k.conrelid "
      "join pg_catalog.pg_namespace n on n.oid = c.relnamespace cross join lateral unnest(k.conkey, "
      "k.confkey, "
      "k.conpfeqop) u (child, parent, equal) join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and "
      "a.attnum = u.child join pg_catalog.pg_attribute b on b.attrelid = k.confrelid and b.attnum = u.parent "
      "join pg_catalog.pg_operator p on p.oid = u.equal join pg_catalog.pg_namespace o on o.oid = "
      "p.oprnamespace where k.contype = 'f' and k.conparentid = 0 and k.confrelid = $1::oid and "
      "k.confdeltype "
      "in ('a', 'r') group by k.oid, n.nspname, c.relname",
      {std::to_string(relation)});
  std::vector<std::string> queries;
  for (size_t i = 0; i < rows.size(); ++i)
    queries.push_back(rows.text(i, 0));
  return queries;
}

/// The rights to purge with; a caller who isn't the owner lends the owner none of his.
class Purger {
 public:
  explicit Purger(ObjectId owner) {
    if (pg::current_role() != owner) restricted_.emplace(owner);
    unhindered_.emplace(owner);
  }

 private:
  std::optional<pg::AsRole> restricted_;
  std::optional<pg::AsOwner> unhindered_;
};

struct Batch {
  int64_t gone = 0;
  std::string last;  ///< place of the last row looked at; empty: there was none
};

Batch purge_batch(const Purge& purge, ObjectId leaf, const std::string& sql, const std::string& after) {
  Batch batch;
  auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
    Purging const purging(leaf);
    Purger const purger(purge.table.owner);
    pg::FreshSnapshot const now;
    pg::Spi spi;
    pg::SqlResult const row = spi.change(sql, {purge.until, std::to_string(purge.batch), after});
    batch.gone = row.int8(0, 0);
    batch.last = row.text(0, 1);
  });
  if (failure) throw Error(failure->sqlstate, failure->message);
  pg::commit();
  return batch;
}

/// Once over a table; the number of rows that went.
int64_t purge_pass(const Purge& purge, ObjectId leaf, const std::string& sql) {
  int64_t gone = 0;
  std::string after = kFirstPlace;
  while (!after.empty()) {
    pg::check_for_interrupts();
    Batch const batch = purge_batch(purge, leaf, sql, after);
    gone += batch.gone;
    after = batch.last;
  }
  return gone;
}

/// Passes until nothing more goes: rows that refer to rows of the same table make way for those.
int64_t purge_leaf(const Purge& purge, ObjectId leaf) {
  UserTable const table = read_user_table(leaf);
  std::string const sql =
      soft_delete::purge_batch(table.identity(), purge.mark, keeping_queries(purge.table.relation));
  int64_t gone = 0;
  while (int64_t const more = purge_pass(purge, leaf, sql))
    gone += more;
  return gone;
}

int64_t left_of(const Purge& purge) {
  Purger const purger(purge.table.owner);
  pg::FreshSnapshot const now;
  pg::Spi spi;
  return spi
      .query(fmt::format("select pg_catalog.count(*) from {} where {} < $1::pg_catalog.timestamptz",
                         purge.table.identity(), quote_identifier(purge.mark)),
             {purge.until})
      .int8(0, 0);
}

std::string time_before_now(const std::string& older) {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      "select pg_catalog.now() - $1::pg_catalog.interval, $1::pg_catalog.interval >= "
      "'0'::pg_catalog.interval",
      {older});
  if (!row.boolean(0, 1)) throw Error("22023", "older must not be negative");
  return row.text(0, 0);
}

}  // namespace

void purge_rows(ObjectId relation, const std::string& older, int64_t batch) {
  if (batch < 1) throw Error("22023", "batch must be at least 1");
  Purge purge{read_user_table(relation), mark_of_table(relation), "", batch};
  require_own_table(purge.table, "purge it");
  if (purge.mark.empty())
    throw Error("42704", "table " + purge.table.identity() + " has no soft deletes")
        .hint("select deal_advisor.soft_delete_enable(...) gives it some.");
  purge.until = time_before_now(older);
  int64_t gone = 0;
  int64_t last_round = 0;
  do {  // a row of one partition may be kept by a row of another
    last_round = 0;
    for (ObjectId const leaf : leaves_of(purge.table))
      last_round += purge_leaf(purge, leaf);
    gone += last_round;
  } while (last_round > 0);
  int64_t const left = left_of(purge);
  std::string const rows = fmt::format("{}: {} rows purged", purge.table.identity(), gone);
  if (left == 0)
    pg::notice(rows);
  else
    pg::warning(
        fmt::format("{}, {} are left", rows, left),
        "Rows of other tables still refer to them, or others hold locks on them. Purge those tables first, "
        "then call it again.");
}

}  // namespace deal::server
