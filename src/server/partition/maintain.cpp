#include "server/partition/maintain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/partition/history.hpp"
#include "server/partition/move_run.hpp"
#include "server/partition/present.hpp"
#include "server/partition/retirement.hpp"

extern "C" {
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

using partition::Action;
using partition::ActionKind;

constexpr double kAnalyzeShare = 0.1;  // as autovacuum_analyze_scale_factor
constexpr double kAnalyzeRows = 1000;
constexpr double kMoveWaitMs = 2000;

/// Autovacuum analyses the leaves, never the parent, from which the planner takes what spans them.
bool analyze_due(const PlannedSet& planned) {
  if (!planned.stored.set.analyze) return false;
  double rows = 0;
  for (auto const& leaf : planned.table.partitions)
    rows += std::max(leaf.rows, 0.0);
  double const counted = std::max(planned.table.rows, 0.0);
  return std::abs(rows - counted) > kAnalyzeRows + kAnalyzeShare * counted;
}

void read_taken_names(PlannedSet& planned) {
  pg::Spi spi;
  pg::SqlResult const rows =
      spi.query("select relname from pg_catalog.pg_class where relnamespace = $1::pg_catalog.regnamespace",
                {quote_identifier(planned.table.facts.schema)});
  for (size_t row = 0; row < rows.size(); ++row)
    planned.situation.taken.insert(rows.text(row, 0));
}

bool creates(const std::vector<Action>& actions) {
  return std::any_of(actions.begin(), actions.end(),
                     [](const Action& action) { return action.kind == ActionKind::create; });
}

std::string identity_of(const StoredSet& stored) {
  return quote_qualified(stored.set.schema, stored.set.table);
}

/// Between planning and the lock another session may have renamed, detached or dropped things.
void require_same_partition(const PlannedSet& planned, const Action& action) {
  bool const same = pg::call([&] {
    const char* const name = get_rel_name(action.oid);
    return name != nullptr && action.partition == name && get_rel_relispartition(action.oid);
  });
  if (!same)
    throw Error("55000",
                fmt::format("partition {} of {} has changed meanwhile",
                            quote_qualified(action.schema, action.partition), identity_of(planned.stored)))
        .hint("Run maintenance again.");
}

/// Retirement takes a partition by its name: under the lock it must still be the one that was planned for.
AfterStatement recheck_of(const PlannedSet& planned, const Action& action) {
  if (action.kind == ActionKind::finalize || !action.attached) return {};
  return [&](size_t done) {
    if (done == 1) require_same_partition(planned, action);
  };
}

pg::LockEffort create(const PlannedSet& planned, const Action& action, const Between& between) {
  return run_creation(planned.stored, planned.table.facts, quote_qualified(action.schema, action.partition),
                      statement_texts(planned, action), between);
}

/// Begins the part of a retirement that commits by itself; see retirement.hpp.
void detach_in_worker(const PlannedSet& planned, const Action& action, const std::string& sql,
                      const RunInWorker& worker) {
  bool const more_follows = action.kind != ActionKind::detach;
  if (more_follows) note_retirement(planned.stored, action);
  pg::commit();
  try {
    worker(planned.stored, {sql});
  } catch (const Error&) {
    forget_unless_pending(action);
    throw;
  }
  if (more_follows) note_detached(action);
}

/// What has been achieved needs no note, or another one.
void update_notes(const PlannedSet& planned, const Action& action) {
  bool const more_follows =
      action.kind == ActionKind::finalize && planned.stored.set.retire != partition::Retire::detach;
  if (more_follows)
    note_detached(action);
  else if (action.kind != ActionKind::create)
    forget_retirement(action);
}

/// Runs one action, statements that share a transaction together; throws what goes wrong.
pg::LockEffort run_action(const PlannedSet& planned, const Action& action, const Between& between,
                          const RunInWorker& worker) {
  if (action.kind == ActionKind::create) return create(planned, action, between);
  pg::LockEffort effort;
  std::vector<std::string> together;
  AfterStatement recheck = recheck_of(planned, action);
  auto const run = [&] {
    if (together.empty()) return;
    pg::LockEffort const part = run_as_owner(planned.stored, together, between, recheck);
    effort.tries = std::max(effort.tries, part.tries);
    effort.waited_ms += part.waited_ms;
    together.clear();
    recheck = {};
  };
  for (auto const& statement : partition::statements(planned.stored.set, planned.table.facts, action)) {
    if (statement.worker || statement.own_transaction) {
      run();
      // What follows may fail, or never come: it is for the next pass then.
      if (statement.own_transaction && action.attached) {
        note_retirement(planned.stored, action);
        note_detached(action);
      }
      pg::commit();
    }
    if (statement.worker) {
      if (recheck) recheck(1);
      recheck = {};
      detach_in_worker(planned, action, statement.sql, worker);
    } else {
      together.push_back(statement.sql);
    }
  }
  run();
  return effort;
}

LogEntry entry_of(const StoredSet& stored, const Action& action) {
  LogEntry entry;
  entry.schema = stored.set.schema;
  entry.table = stored.set.table;
  entry.action = partition::name_of(action.kind);
  entry.partition = action.partition;
  return entry;
}

void note_failure(Outcome& outcome, const Error& error, const std::string& message) {
  if (!outcome.sqlstate.empty()) return;
  outcome.sqlstate = error.sqlstate();
  outcome.message = message;
  outcome.hint = error.hint_text();
}

/// Runs one action in its own transaction and logs it; false when it failed.
bool run_and_log(const PlannedSet& planned, const Action& action, const RunInWorker& worker,
                 Outcome& outcome) {
  LogEntry entry = entry_of(planned.stored, action);
  entry.took_ms = -pg::elapsed_clock_ms();  // until it fails
  try {
    run_logged(entry, [&] {
      pg::LockEffort const effort = run_action(planned, action, pg::commit_and_pause, worker);
      update_notes(planned, action);
      return effort;
    });
    pg::commit();
    ++outcome.done;
    return true;
  } catch (const Error& error) {
    entry.sqlstate = error.sqlstate();
    entry.message = error.message();
    if (action.kind == ActionKind::create && error.sqlstate() == "23514")
      entry.message += "; partition_drain moves the rows of the default partition out of the way";
    note_failure(outcome, error, entry.message);
  }
  entry.took_ms += pg::elapsed_clock_ms();
  log_action(entry);
  pg::commit();
  return false;
}

void analyze_parent(const PlannedSet& planned) {
  LogEntry entry;
  entry.schema = planned.stored.set.schema;
  entry.table = planned.stored.set.table;
  entry.action = "analyze";
  run_logged(entry, [&] {
    return run_as_owner(planned.stored, {"analyze " + identity_of(planned.stored)}, pg::commit_and_pause);
  });
  pg::commit();
}

void carry_out(const StoredSet& stored, const RunInWorker& worker, Outcome& outcome) {
  PlannedSet planned;
  auto const failure = pg::attempt(pg::OnSuccess::roll_back, [&] { planned = plan_set(stored); });
  if (failure) throw Error(failure->sqlstate, failure->message);
  // A detach that can't be finished must not keep new partitions from being made.
  bool stuck = false;
  for (auto const& action : planned.actions) {
    bool const is_creation = action.kind == ActionKind::create;
    if (stuck && !is_creation) continue;
    if (run_and_log(planned, action, worker, outcome)) continue;
    if (is_creation) return;
    stuck = true;
  }
  if (stuck) return;
  if (planned.analyze) analyze_parent(planned);
}

}  // namespace

PlannedSet plan_set(const StoredSet& stored, std::optional<partition::Position> until,
                    std::optional<partition::Position> start) {
  PlannedSet planned;
  planned.stored = stored;
  pg::rolled_back([&] {
    planned.table = read_partitioned_table(stored.relation, stored.set.grid.kind);
    planned.stored.set.grid.column = planned.table.column_range;
    planned.situation.partitions = planned.table.partitions;
    planned.situation.start = start;
    read_present(planned);
    std::vector<Action> const rest = recall_retirements(stored, planned.situation);
    planned.actions = partition::plan(planned.stored.set, planned.situation, until);
    if (creates(planned.actions)) {
      read_taken_names(planned);
      planned.actions = partition::plan(planned.stored.set, planned.situation, until);
    }
    planned.actions.insert(planned.actions.end(), rest.begin(), rest.end());
    if (!planned.actions.empty()) read_leaf_facts(planned.table);
    planned.analyze = analyze_due(planned);
  });
  return planned;
}

std::vector<std::string> statement_texts(const PlannedSet& planned, const Action& action) {
  std::vector<std::string> texts;
  for (auto& statement : partition::statements(planned.stored.set, planned.table.facts, action))
    texts.push_back(std::move(statement.sql));
  return texts;
}

std::vector<std::string> ensure_planned(const PlannedSet& planned) {
  std::vector<std::string> names;
  for (auto const& action : planned.actions) {
    if (action.kind != ActionKind::create) continue;
    run_logged(entry_of(planned.stored, action), [&] { return create(planned, action, pg::pause); });
    names.push_back(quote_qualified(action.schema, action.partition));
  }
  return names;
}

Outcome maintain_set(const StoredSet& stored, const RunInWorker& worker) {
  Outcome outcome;
  try {
    carry_out(stored, worker, outcome);
  } catch (const Error& error) {
    note_failure(outcome, error, error.message());
  }
  record_run(stored, outcome);
  pg::commit();
  return outcome;
}

void maintain(std::optional<ObjectId> relation, const RunInWorker& worker) {
  // Rows of a move that was killed are waiting in tables that nobody sees; but the sets don't wait with them.
  MoveManner brief;
  brief.snapshot_wait_ms = kMoveWaitMs;
  recover_moves(brief);
  std::vector<StoredSet> const sets = relation ? std::vector<StoredSet>{read_set(*relation)} : read_sets();
  for (auto const& stored : sets) {
    std::string const name = identity_of(stored);
    if (relation) require_rights(stored);
    if (stored.relation != 0 && !pg::may_assume(pg::current_role(), stored.owner))
      continue;  // somebody else's
    std::string reason = refusal(stored);
    if (reason.empty() && !stored.set.enabled) reason = "maintenance of " + name + " is switched off";
    if (reason.empty() && !relation) reason = waiting(stored);
    if (!reason.empty()) {
      pg::notice("skipped: " + reason);
      continue;
    }
    Outcome const outcome = maintain_set(stored, worker);
    if (outcome.sqlstate.empty()) continue;
    if (relation) throw Error(outcome.sqlstate, outcome.message).hint(outcome.hint);
    pg::warning(fmt::format("maintenance of {} failed: {}", name, outcome.message),
                !outcome.hint.empty()
                    ? outcome.hint
                    : "select * from deal_advisor.partition_status(); the other sets go on.");
  }
}

}  // namespace deal::server
