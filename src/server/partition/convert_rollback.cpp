/// Taking a conversion back.

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/session_lock.hpp"
#include "server/bridge/worker.hpp"
#include "server/partition/convert.hpp"
#include "server/partition/convert_move.hpp"
#include "server/partition/convert_read.hpp"
#include "server/partition/convert_run.hpp"
#include "server/partition/move_run.hpp"

namespace deal::server {

namespace {

using partition::KeptPartition;

constexpr const char* kLeaves =
    "select n.nspname, c.relname from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = "
    "i.inhrelid join "
    "pg_catalog.pg_namespace n on n.oid = c.relnamespace where i.inhparent = $1::oid and c.oid <> $2::oid "
    "order by "
    "c.oid";

/// Rows came to a partition that had none: the plan must be made anew.
struct PlanIsStale {};

bool has_rows(ObjectId owner, const KeptPartition& partition) {
  pg::AsRole const as_owner(owner);
  pg::LocalSettings const settings;
  settings.set("row_security", "off");
  pg::Spi spi;
  return spi
      .query(fmt::format("select exists (select from {})", quote_qualified(partition.schema, partition.name)))
      .boolean(0, 0);
}

class RollingBack {
 public:
  RollingBack(const pg::Arguments& args, StoredConversion stored)
      : args_(args), stored_(std::move(stored)), owner_(pg::relation_owner(stored_.relation)) {
    ConvertRequest request;
    request.relation = stored_.relation;
    request.key_column = stored_.key_column;
    request.step = stored_.step;
    request.options = stored_.options;
    options_ = convert_options(request);
    conversion_ = conversion_of(options_, stored_);
  }

  void run() {
    if (swapped()) {
      give_up_division();
      require_old_table();
    }
    stored_.state = "rolling back";
    if (swapped()) {
      runner().announce("swap_back");
      while (!swap_back())
        pg::check_for_interrupts();
    }
    move_back();
    clean();
    drop_made_indexes();
    stored_.state = "rolled back";
    save_conversion(stored_);
    pg::commit();
  }

 private:
  ConversionRunner runner() {
    return {stored_, owner_, conversion_.set.lock_timeout_ms, conversion_.set.max_tries};
  }

  bool swapped() const {
    ObjectId const now = relation_named(stored_.schema, stored_.table);
    return now != 0 && now == stored_.parent;
  }

  /// Rows that were being copied to partitions of their own stay where they are.
  void give_up_division() {
    MoveManner manner;
    manner.patience.timeout_ms = conversion_.set.lock_timeout_ms;
    manner.patience.most_tries = conversion_.set.max_tries;
    (void)give_up_move(stored_.parent, manner);
  }

  std::vector<KeptPartition> leaves() const {
    pg::Spi spi;
    pg::SqlResult const rows =
        spi.query(kLeaves, {std::to_string(stored_.parent), std::to_string(stored_.relation)});
    std::vector<KeptPartition> found;
    for (size_t row = 0; row < rows.size(); ++row)
      found.push_back({rows.text(row, 0), rows.text(row, 1)});
    return found;
  }

  std::vector<KeptPartition> with_rows() const {
    auto found = leaves();
    std::erase_if(found, [&](const KeptPartition& partition) { return !has_rows(owner_, partition); });
    return found;
  }

  void refuse_obstacles(const partition::ConvertedTable& parent) const {
    for (auto const& obstacle : parent.obstacles) {
      if (obstacle.code == "kind" || obstacle.code == "inheritance" || obstacle.acceptable) continue;
      throw Error("55000", obstacle.message).hint(obstacle.hint);
    }
    for (auto const& dependent : parent.dependents) {
      if (!dependent.may_recreate)
        throw Error("42501", fmt::format("{} belongs to role \"{}\", which you can't act as",
                                         dependent.identity, dependent.owner));
    }
  }

  bool old_table_is_attached() const {
    pg::Spi spi;
    return !spi.query("select 1 from pg_catalog.pg_inherits where inhrelid = $1::oid and inhparent = $2::oid",
                      {std::to_string(stored_.relation), std::to_string(stored_.parent)})
                .empty();
  }

  void require_old_table() const {
    if (old_table_is_attached()) return;
    throw Error("55000", fmt::format("the old table of conversion {} is no partition of {} any more",
                                     stored_.id, quote_qualified(stored_.schema, stored_.table)))
        .hint(
            "It was detached or dropped, by retention, mode copy or by hand: there is nothing to go back "
            "to.");
  }

  /// The old table has its name again; false if rows came to another partition meanwhile.
  bool swap_back() {
    require_old_table();
    partition::ConvertedTable parent = read_converted_table(stored_.parent, {});
    read_followers(stored_.parent, parent);
    refuse_obstacles(parent);
    auto const kept = with_rows();
    refuse_broken_keys(stored_.relation, owner_, kept);
    partition::ConversionNames names(stored_.names, taken_names(stored_.schema));
    auto const step = partition::swap_back_step(parent, conversion_, names, kept);
    stored_.names = names.all();
    try {
      runner().run_short(
          step,
          [&] {
            forget_set(stored_.schema, stored_.table);
            save_conversion(stored_);
          },
          [&] {
            if (with_rows().size() != kept.size()) throw PlanIsStale{};
          });
    } catch (const PlanIsStale&) {
      pg::commit();
      return false;
    }
    return true;
  }

  void move_back() {
    auto const children = children_of(stored_.relation);
    if (children.empty()) return;
    runner().announce("move_back");
    for (auto const& child : children)
      move_rows(runner(), stored_.relation, child, options_.batch_rows, options_.pause_ms);
  }

  /// Partition by partition, so that no referenced table is locked for long.
  void drop_parent() {
    std::string const parent = stored_.parent == 0 ? "" : identity_of_relation(stored_.parent);
    if (parent.empty()) return;
    if (old_table_is_attached())
      throw Error("55000", fmt::format("{} holds the old table still, under another name than {}", parent,
                                       quote_qualified(stored_.schema, stored_.table)))
          .hint("It was renamed after the conversion: give it its name back, then call it again.");
    for (auto const& leaf : leaves()) {
      std::string const name = quote_qualified(leaf.schema, leaf.name);
      runner().run_short(partition::drop_step(name, parent), {}, [&] {
        if (has_rows(owner_, leaf))
          throw Error("55000", fmt::format("partition {} holds rows again", name))
              .hint("Somebody wrote to the partition itself. Move them, then call it again.");
      });
    }
    runner().run_short(partition::drop_step(parent), {}, [&] {
      if (old_table_is_attached() || !leaves().empty())
        throw Error("55000", "partitions were added to " + parent + " meanwhile").hint("Call it again.");
    });
  }

  void drop_constraints() {
    std::vector<std::string> made = partition::made_indexes({stored_.names, {}});
    made.push_back(partition::ConversionNames(stored_.names, {}).chosen("check"));
    std::erase_if(made, [&](const std::string& name) { return !is_constraint(name); });
    if (!made.empty()) runner().run_short(partition::drop_constraints_step(conversion_, made));
  }

  bool is_constraint(const std::string& name) const {
    pg::Spi spi;
    return !spi.query("select 1 from pg_catalog.pg_constraint where conrelid = $1::oid and conname = $2",
                      {std::to_string(stored_.relation), name})
                .empty();
  }

  void clean() {
    runner().announce("clean");
    drop_parent();
    drop_constraints();
  }

  void drop_made_indexes() {
    std::vector<std::string> statements;
    for (auto const& name : partition::made_indexes({stored_.names, {}})) {
      if (index_of(name))
        statements.push_back("drop index concurrently " + quote_qualified(stored_.schema, name));
    }
    if (statements.empty()) return;
    pg::run_in_worker(args_, statements);
    pg::commit();
  }

  bool index_of(const std::string& name) const {
    pg::Spi spi;
    return !spi.query(
                   "select 1 from pg_catalog.pg_index where indexrelid = $1::oid and indrelid = $2::oid",
                   {std::to_string(relation_named(stored_.schema, name)), std::to_string(stored_.relation)})
                .empty();
  }

  const pg::Arguments& args_;
  StoredConversion stored_;
  ObjectId owner_;
  ConvertOptions options_;
  partition::Conversion conversion_;
};

/// A table that is gone leaves nothing to take back.
bool is_gone(const StoredConversion& stored) {
  return pg::relation_owner(stored.relation) == 0;
}

}  // namespace

void roll_back_conversion(const pg::Arguments& args, std::int64_t id) {
  require_conversion_transactions(args);
  StoredConversion stored = read_conversion(id);
  if (stored.state == "rolled back") return pg::notice("the conversion is rolled back already");
  ObjectId const owner = is_gone(stored) ? pg::role_oid(stored.owner) : pg::relation_owner(stored.relation);
  if (owner == 0 ? !pg::owns_database() : !pg::may_assume(pg::current_role(), owner))
    throw Error("42501",
                "must be owner of table " + quote_qualified(stored.schema, stored.table) + " to roll back");
  if (is_gone(stored) && stored.mode == "copy" && !identity_of_relation(stored.parent).empty())
    throw Error("55000", fmt::format("the rows of conversion {} are in partitions of their own", id))
        .hint("The old table was dropped when they were: there is nothing to go back to.");
  if (is_gone(stored)) {
    stored.state = "rolled back";
    save_conversion(stored);
    return pg::notice("the old table is gone: there is nothing to take back");
  }
  pg::SessionLock const lock(stored.relation);
  if (!lock.held()) throw Error("55000", "another session is converting this table");
  RollingBack(args, stored).run();
  pg::notice(
      fmt::format("conversion {} of {} is rolled back", id, quote_qualified(stored.schema, stored.table)));
}

}  // namespace deal::server
