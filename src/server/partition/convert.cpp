#include "server/partition/convert.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/partition/names.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/session_lock.hpp"
#include "server/bridge/worker.hpp"
#include "server/partition/convert_read.hpp"
#include "server/partition/convert_run.hpp"
#include "server/partition/move_plan.hpp"

namespace deal::server {

namespace {

using partition::ConversionStep;
using partition::StepKind;

constexpr const char* kIndexState =
    "select i.indisvalid and i.indisready from pg_catalog.pg_index i where i.indexrelid = $1::oid and "
    "i.indrelid = "
    "$2::oid";
constexpr const char* kConstraintState =
    "select convalidated from pg_catalog.pg_constraint where conrelid = $1::oid and conname = $2";

std::string hash(const std::string& text) {
  pg::Spi spi;
  return spi.query("select pg_catalog.md5($1)", {text}).text(0, 0);
}

/// The validity of a constraint of the table; nothing if there is none of that name.
std::optional<bool> constraint_state(ObjectId relation, const std::string& name) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(kConstraintState, {std::to_string(relation), name});
  if (rows.empty()) return std::nullopt;
  return rows.boolean(0, 0);
}

std::optional<bool> index_state(ObjectId relation, const std::string& schema, const std::string& name) {
  pg::Spi spi;
  pg::SqlResult const rows =
      spi.query(kIndexState, {std::to_string(relation_named(schema, name)), std::to_string(relation)});
  if (rows.empty()) return std::nullopt;
  return rows.boolean(0, 0);
}

/// One call of partition_convert.
class Converting {
 public:
  Converting(const pg::Arguments& args, ConvertRequest request, StoredConversion stored)
      : args_(args), request_(std::move(request)), stored_(std::move(stored)) {}

  /// Steps until the swap, each time from the table as it is then.
  void until_swap() {
    while (!swapped()) {
      PlannedConversion planned = plan_conversion(request_, &stored_);
      refuse_errors(planned);
      stored_.names = planned.names.all();
      auto const next = std::find_if(planned.steps.begin(), planned.steps.end(),
                                     [&](const ConversionStep& step) { return !done(step, planned); });
      if (next == planned.steps.end()) throw Error("XX000", "the swap left the table as it was");
      run(*next, planned);
    }
  }

  void finish() {
    request_.relation = stored_.parent;  // the old table may be divided, and gone
    ConvertOptions const options = convert_options(request_);
    partition::Conversion const conversion = conversion_of(options, stored_);
    bool const divided = pg::relation_owner(stored_.relation) == 0;
    ConversionRunner const runner{stored_, pg::relation_owner(stored_.parent), conversion.set.lock_timeout_ms,
                                  conversion.set.max_tries};
    partition::ConversionNames const names(stored_.names, {});
    for (auto const& step : partition::finishing_steps(conversion, names)) {
      if (divided && step.kind == StepKind::drop_check) continue;  // it went with the old table
      runner.announce(std::string(partition::name_of(step.kind)));
      if (step.kind == StepKind::enable)
        enable(options);
      else if (step.kind == StepKind::divide)
        divide(options, conversion.set);
      else if (step.short_locks)
        runner.run_short(step);
      else
        runner.run_plain(step);
    }
    stored_.state = "converted";
    save_conversion(stored_);
    pg::commit();
    pg::notice(fmt::format("conversion {}: {} is partitioned by {}", stored_.id,
                           quote_qualified(stored_.schema, stored_.table), stored_.key_column));
  }

 private:
  bool swapped() const {
    ObjectId const now = relation_named(stored_.schema, stored_.table);
    if (now == stored_.relation) return false;
    if (now != 0 && now == stored_.parent) return true;
    throw Error("55000", fmt::format("{} is no longer the table that conversion {} began with",
                                     quote_qualified(stored_.schema, stored_.table), stored_.id))
        .hint(
            "It was dropped, renamed or replaced meanwhile; take the conversion back with "
            "deal_advisor.partition_convert_rollback.");
  }

  bool done(const ConversionStep& step, const PlannedConversion& planned) const {
    switch (step.kind) {
      case StepKind::index:
        return index_state(stored_.relation, stored_.schema, step.object).value_or(false);
      case StepKind::key:
      case StepKind::check:
        return constraint_state(stored_.relation, step.object).has_value();
      case StepKind::validate:
        return constraint_state(stored_.relation, step.object).value_or(false);
      case StepKind::parent:
        return stored_.parent != 0 && !identity_of_relation(stored_.parent).empty() &&
               hash(planned.recipe) == stored_.recipe;
      default:
        return false;
    }
  }

  ConversionRunner runner_of(const partition::Set& set) {
    return {stored_, pg::relation_owner(stored_.relation), set.lock_timeout_ms, set.max_tries};
  }

  void run(const ConversionStep& step, const PlannedConversion& planned) {
    ConversionRunner const runner = runner_of(planned.conversion.set);
    runner.announce(std::string(partition::name_of(step.kind)));
    pg::notice(fmt::format("{}: {}", partition::name_of(step.kind), step.words));
    switch (step.kind) {
      case StepKind::index:
        return build_index(step, runner);
      case StepKind::parent:
        return build_parent(step, planned, runner);
      case StepKind::validate:
        return validate(step, planned, runner);
      default:
        return runner.run_short(step);
    }
  }

  /// What a build that was cut off has left behind is INVALID, and of no use.
  void build_index(const ConversionStep& step, const ConversionRunner& runner) {
    std::vector<std::string> statements;
    if (index_state(stored_.relation, stored_.schema, step.object))
      statements.push_back("drop index concurrently " + quote_qualified(stored_.schema, step.object));
    statements.push_back(step.statements.front().sql);
    double const began = pg::elapsed_clock_ms();
    pg::run_in_worker(args_, statements);
    pg::commit();
    runner.log(step, began, 0, {});
    pg::commit();
  }

  /// Made in one transaction with the note of what was made: there is never one that nobody knows of.
  void build_parent(ConversionStep step, const PlannedConversion& planned, const ConversionRunner& runner) {
    if (std::string const stale = identity_of_relation(stored_.parent); !stale.empty())
      step.statements.insert(step.statements.begin(), {"drop table " + stale, {}, 0});
    runner.run_short(step, [&] {
      stored_.parent = relation_named(stored_.schema, step.object);
      stored_.recipe = hash(planned.recipe);
      set_replica_identities();
      save_conversion(stored_);
    });
  }

  /// The leaves' indexes have names that the server chose.
  void set_replica_identities() const {
    pg::SqlResult const rows = [&] {
      pg::Spi spi;
      return spi.query(
          "select pg_catalog.format('alter table %s replica identity using index %I', "
          "leaf.indrelid::pg_catalog.regclass, x.relname) from pg_catalog.pg_index root join "
          "pg_catalog.pg_inherits i on "
          "i.inhparent = root.indexrelid join pg_catalog.pg_index leaf on leaf.indexrelid = i.inhrelid join "
          "pg_catalog.pg_class x on x.oid = leaf.indexrelid where root.indrelid = $1::oid and "
          "root.indisreplident",
          {std::to_string(stored_.parent)});
    }();
    for (size_t row = 0; row < rows.size(); ++row)
      run_as(pg::relation_owner(stored_.relation), rows.text(row, 0));
  }

  /// A CHECK that can't be proved would refuse rows for nothing.
  void validate(const ConversionStep& step, const PlannedConversion& planned,
                const ConversionRunner& runner) {
    double const began = pg::elapsed_clock_ms();
    auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
      run_as(pg::relation_owner(stored_.relation), step.statements.front().sql);
    });
    pg::commit();
    if (!failure) {
      runner.log(step, began, 0, {});
      return pg::commit();
    }
    ConversionStep drop;
    drop.kind = StepKind::drop_check;
    drop.object = step.object;
    drop.statements.push_back({fmt::format("alter table {} drop constraint {}",
                                           quote_qualified(planned.table.schema, planned.table.name),
                                           quote_identifier(step.object)),
                               {},
                               0});
    runner.run_short(drop);
    throw Error(failure->sqlstate, failure->message)
        .detail("Some row is not before the cutoff; the CHECK was dropped again.")
        .hint("Take the conversion back and begin anew: the cutoff is then chosen beyond all rows.");
  }

  void enable(const ConvertOptions& options) {
    EnableRequest request = options.enable;
    request.relation = stored_.parent;
    pg::notice(enable_set(request));
    pg::commit();
  }

  void divide(const ConvertOptions& options, const partition::Set& set) {
    MoveRequest request;
    request.manner.pause_ms = options.pause_ms;
    request.manner.patience.timeout_ms = set.lock_timeout_ms;
    request.manner.patience.most_tries = set.max_tries;
    divide_partition(stored_.parent, stored_.relation, request);
  }

  const pg::Arguments& args_;
  ConvertRequest request_;
  StoredConversion stored_;
};

std::string text_of_options(const PlannedConversion& planned, const std::string& given);

StoredConversion begin(const ConvertRequest& request, const PlannedConversion& planned) {
  StoredConversion stored;
  stored.schema = planned.table.schema;
  stored.table = planned.table.name;
  stored.owner = planned.table.owner;
  stored.relation = planned.relation;
  stored.key_column = request.key_column;
  stored.step = request.step;
  stored.mode = planned.options.copy ? "copy" : "attach";
  stored.options = text_of_options(planned, request.options);
  stored.cutoff = planned.conversion.cutoff;
  stored.cutoff_text = partition::boundary_text(planned.conversion.set.grid, planned.conversion.cutoff);
  stored.names = planned.names.all();
  stored.state = "running";
  add_conversion(stored);
  pg::commit();
  return stored;
}

/// The options as given, with what the leaves take over from the table: later partitions take it as well.
std::string text_of_options(const PlannedConversion& planned, const std::string& given) {
  auto const& leaf = planned.conversion.set.leaf;
  pg::Spi spi;
  return spi
      .query(
          "select (pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('storage', nullif($2, ''), "
          "'tablespace', nullif($3, ''))) || $1::jsonb)::text",
          {given, leaf.storage, leaf.tablespace})
      .text(0, 0);
}

void show(const PlannedConversion& planned) {
  for (auto const& step : planned.steps) {
    std::string text = fmt::format("{}: {}", partition::name_of(step.kind), step.words);
    for (auto const& statement : step.statements)
      text += "\n  " + statement.sql + ";";
    pg::notice(text);
  }
}

void require_matching(const StoredConversion& stored, const ConvertRequest& request) {
  std::string const identity = quote_qualified(stored.schema, stored.table);
  if (stored.state == "rolling back")
    throw Error("55000", fmt::format("conversion {} of {} is being rolled back", stored.id, identity))
        .hint(fmt::format("call deal_advisor.partition_convert_rollback({});", stored.id));
  if (stored.key_column != request.key_column || stored.step != request.step)
    throw Error("55000", fmt::format("conversion {} of {} was begun by \"{}\" in steps of {}", stored.id,
                                     identity, stored.key_column, stored.step))
        .hint(
            "Call it with the same arguments to go on, or take it back with "
            "deal_advisor.partition_convert_rollback first.");
}

}  // namespace

void convert_table(const pg::Arguments& args, const ConvertRequest& request) {
  ConvertOptions const options = convert_options(request);
  if (options.dry_run) {
    PlannedConversion const planned = plan_conversion(request, nullptr);
    refuse_errors(planned);
    return show(planned);
  }
  require_conversion_transactions(args);
  partition::ConvertedTable const named = read_converted_table(request.relation, {});
  auto stored = find_conversion(named.schema, named.name);
  pg::SessionLock const lock(stored && stored->state == "running" ? stored->relation : request.relation);
  if (!lock.held()) throw Error("55000", "another session is converting this table");
  if (stored && stored->state == "converted") {
    if (stored->parent == request.relation) return pg::notice("the table is converted already");
    stored.reset();  // what was converted is gone: another table has its name
  }
  ConvertRequest again = request;
  if (stored) {
    require_matching(*stored, request);
    again.relation = stored->relation;
    again.options = stored->options;
  } else {
    PlannedConversion const planned = plan_conversion(request, nullptr);
    refuse_errors(planned);
    stored = begin(request, planned);
    again.options = stored->options;
  }
  Converting converting(args, again, *stored);
  converting.until_swap();
  converting.finish();
}

void require_conversion_transactions(const pg::Arguments& args) {
  pg::require_own_transactions(args);
  std::string const level = pg::setting("transaction_isolation");
  if (level == "read committed" || level == "read uncommitted") return;
  throw Error("25001", "conversion needs the isolation level read committed, not " + level)
      .hint(
          "Each look at the table must see what others have committed: set transaction_isolation or "
          "default_transaction_isolation for this session.");
}

std::vector<StoredConversion> status_of_conversions() {
  ObjectId const me = pg::current_role();
  ObjectId const monitor = pg::role_oid("pg_monitor");
  bool const all = monitor != 0 && pg::may_assume(me, monitor);
  auto found = read_conversions();
  std::erase_if(found, [&](const StoredConversion& stored) {
    ObjectId const owner = pg::role_oid(stored.owner);
    return !all && !pg::owns_database() && (owner == 0 || !pg::may_assume(me, owner));
  });
  return found;
}

}  // namespace deal::server
