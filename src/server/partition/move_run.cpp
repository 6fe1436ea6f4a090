#include "server/partition/move_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/one_snapshot.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/transaction.hpp"
#include "server/partition/execute.hpp"
#include "server/partition/move_facts.hpp"
#include "server/partition/move_server.hpp"

namespace deal::server {

namespace {

using partition::Move;
using partition::MoveSource;
using partition::MoveTarget;

constexpr std::int64_t kSmallTail = 500;     // changed keys with which the swap is worth a try
constexpr std::int64_t kLongestTail = 2000;  // and beyond which it is not: more would keep writers waiting
constexpr int kMostRounds = 20;
constexpr double kPollMs = 20;
constexpr double kPatientMs = 5'000;  // then a NOTICE says what is waited for
constexpr int kLastPolls = 10;

void execute_all(const std::vector<std::string>& statements) {
  for (auto const& statement : statements) {
    pg::Spi spi;
    spi.execute(statement);
  }
}

Error stale_error() {
  return {"55000", "the move's tables have changed"};
}
bool is_stale(const Error& error) {
  return error.sqlstate() == "42P01" ||  // a table was dropped or renamed
         (error.sqlstate() == stale_error().sqlstate() && error.message() == stale_error().message());
}

bool log_is_there(const MoveState& state) {
  pg::Spi spi;
  return spi
      .query(
          "select exists (select from pg_catalog.pg_class where oid = pg_catalog.to_regclass($1) and "
          "relowner = "
          "$2::oid)",
          {partition::helper_table(state.move, "log"), std::to_string(state.owner)})
      .boolean(0, 0);
}

/// True if a source is still the partition it was, with its rows where they were, and its changes are noted.
bool is_as_planned(const MoveState& state, const MoveSource& source, bool captured) {
  pg::Spi spi;
  return spi
      .query(
          "select exists (select from pg_catalog.pg_class as c join pg_catalog.pg_inherits as i on "
          "i.inhrelid = "
          "c.oid where c.oid = pg_catalog.to_regclass($1) and c.oid = $2::oid and i.inhparent = $3::oid and "
          "c.relowner = $4::oid and pg_catalog.pg_relation_filenode(c.oid) = $5::oid and (not $6::boolean or "
          "exists (select from pg_catalog.pg_trigger as t where t.tgrelid = c.oid and t.tgname = $7 and "
          "t.tgenabled = 'A')))",
          {partition::source_table(source), std::to_string(source.oid), std::to_string(state.move.parent),
           std::to_string(state.owner), std::to_string(source.file), captured ? "t" : "f",
           std::string(partition::kCaptureTrigger)})
      .boolean(0, 0);
}

/// Looks at the catalog as of now, under locks that the caller has taken.
void require_as_planned(const MoveState& state, bool captured = true) {
  pg::FreshSnapshot const now;
  bool good = shape_of(state.move.parent) == state.move.shape && log_is_there(state);
  for (auto const& source : state.move.sources)
    good = good && is_as_planned(state, source, captured);
  if (!good) throw stale_error();
}

/// Part of a step that either happens as a whole or leaves no trace, so that whoever catches its error can go
/// on.
template <class Body>
void in_subtransaction(Body&& body) {
  auto const failure = pg::attempt(pg::OnSuccess::commit, body);
  if (failure) throw Error(failure->sqlstate, failure->message);
}

/// One run through a move's steps.
class Mover {
 public:
  Mover(MoveState state, const MoveManner& manner)
      : state_(std::move(state)), saved_(state_), manner_(manner) {}

  void step();
  bool ended() const { return ended_; }
  /// Goes on with giving the move up.
  void give_up();
  bool given_up() const { return state_.phase == MovePhase::give_up; }

 private:
  const Move& move() const { return state_.move; }
  void capture();
  void copy();
  void renew();
  void index();
  void swap();
  void settle();
  void clean();
  void undo();

  void save();
  void commit(double pause_ms = 0);
  void lock_sources() const;
  std::int64_t renew_in(std::string_view part, bool forced_index);
  std::int64_t catch_up();
  void prove_default();
  void wait_for_snapshots();
  void swap_under_locks();
  pg::LockEffort with_locks(const std::function<void()>& body, const std::function<void()>& between = {});
  void rename_indexes();

  MoveState state_;
  MoveState saved_;  ///< as the row says
  MoveManner manner_;
  std::int64_t blocks_ = 0;  ///< of a batch; found out while copying
  pg::LockEffort swap_effort_;
  double swap_ms_ = 0;
  bool ended_ = false;
};

pg::LockEffort Mover::with_locks(const std::function<void()>& body, const std::function<void()>& between) {
  auto const wait = [&](double milliseconds) {
    pg::commit_and_pause(milliseconds);
    if (between) between();
  };
  return pg::with_short_locks(manner_.patience, wait, [&] {
    claim_moves(move().parent, true);
    examine_lock_waits_early();
    {
      // Losing this commit in a crash is harmless, as the step is done again then; waiting for the disk under
      // these locks is not.
      pg::Spi spi;
      spi.execute("set local synchronous_commit = off");
    }
    body();
  });
}

void Mover::save() {
  save_move(state_, saved_);
}

void Mover::commit(double pause_ms) {
  if (pause_ms > 0)
    pg::commit_and_pause(pause_ms);
  else
    pg::commit();
  saved_ = state_;
}

/// No rewrite and no TRUNCATE from here to the end of the transaction.
void Mover::lock_sources() const {
  for (auto const& source : move().sources)
    execute_all({fmt::format("lock table only {} in access share mode", partition::source_table(source))});
}

void Mover::capture() {
  with_locks([&] {
    {
      pg::AsRole const owner(state_.owner);
      require_as_planned(state_, false);
      for (auto const& source : move().sources)
        execute_all(partition::capture_statements(move(), source));
      require_as_planned(state_);
      for (auto& source : state_.move.sources) {
        pg::Spi spi;
        source.blocks = spi.query(
                               "select pg_catalog.pg_relation_size($1::oid) / "
                               "pg_catalog.current_setting('block_size')::bigint",
                               {std::to_string(source.oid)})
                            .int8(0, 0);
      }
    }
    state_.phase = MovePhase::copy;
    save_plan(state_);
    save();
  });
  commit();
}

std::string tid(std::int64_t block) {
  return fmt::format("({},0)", block);
}

void Mover::copy() {
  MoveSource const& source = move().sources[static_cast<size_t>(state_.source)];
  std::int64_t const end = std::min(state_.block + std::max<std::int64_t>(blocks_, 1), source.blocks);
  in_subtransaction([&] {
    claim_moves(move().parent, true);
    std::int64_t rows = 0;
    {
      pg::AsRole const owner(state_.owner);
      pg::LocalSettings const settings;
      settings.set("row_security", "off");
      lock_sources();
      require_as_planned(state_);
      pg::Spi spi;
      rows = spi.execute(partition::copy_statement(move(), source), {tid(state_.block), tid(end)});
    }
    if (rows > 0)
      blocks_ = std::clamp<std::int64_t>((end - state_.block) * manner_.batch / rows, 1, blocks_ * 4);
    state_.rows += rows;
    state_.block = end;
    if (end >= source.blocks) {
      ++state_.source;
      state_.block = 0;
    }
    if (state_.source == std::ssize(move().sources)) {
      state_.phase = MovePhase::renew;
      state_.source = 0;
    }
    save();
  });
  commit(manner_.pause_ms);
}

std::int64_t Mover::renew_in(std::string_view part, bool forced_index) {
  pg::LocalSettings const settings;
  settings.set("row_security", "off");
  settings.set("jit",
               "off");  // compiling for all leaves takes seconds, the statements themselves milliseconds
  if (forced_index)
    for (const char* way : {"enable_hashjoin", "enable_mergejoin", "enable_seqscan"})
      settings.set(way, "off");
  pg::OneSnapshot const view;
  std::int64_t const taken = view.execute(partition::take_statement(move()));
  if (taken == 0) return 0;
  std::string const renewal = partition::helper_table(move(), "renewal");
  if (taken > kLongestTail) execute_all({"analyze " + renewal});
  for (auto const& statement : partition::renew_statements(move(), part))
    view.execute(statement);
  execute_all({(taken > kLongestTail ? "truncate " : "delete from ") + renewal});
  return taken;
}

void Mover::renew() {
  in_subtransaction([&] {
    claim_moves(move().parent, true);
    {
      pg::AsRole const owner(state_.owner);
      lock_sources();
      require_as_planned(state_);
      renew_in("staging", false);
    }
    state_.phase = MovePhase::index;
    save();
  });
  commit();
}

void Mover::index() {
  in_subtransaction([&] {
    claim_moves(move().parent, true);
    MoveTarget const& target = move().targets[static_cast<size_t>(state_.source)];
    {
      pg::AsRole const owner(state_.owner);
      execute_all(partition::frame_statements(move(), target));
      pg::FreshSnapshot const now;
      if (auto const replica =
              replica_statement(partition::working_table(move(), target), target.replica_index))
        execute_all({*replica});
      if (move().analyze) execute_all({"analyze " + partition::working_table(move(), target)});
    }
    if (++state_.source == std::ssize(move().targets)) {
      state_.phase = MovePhase::swap;
      state_.source = 0;
    }
    save();
  });
  commit();
}

/// One transaction that brings the copy up to now; how many keys had changed.
std::int64_t Mover::catch_up() {
  std::int64_t taken = 0;
  in_subtransaction([&] {
    claim_moves(move().parent, true);
    pg::AsRole const owner(state_.owner);
    lock_sources();
    require_as_planned(state_);
    taken = renew_in("frame", move().key_indexed);
  });
  pg::commit();
  return taken;
}

Error older_transactions(const Move& move) {
  Error error("55P03", fmt::format("rows of {} wait for a transaction that began before they were copied",
                                   partition::parent_table(move)));
  error.detail("It would find neither the copies nor the old partition.");
  error.hint(
      "select pid, xact_start, query from pg_stat_activity where backend_xmin is not null order by "
      "xact_start; the next call goes on where this one was.");
  return error;
}

/// A transaction that still looks at the database as it was before the copies were committed would find
/// neither them nor the old partition's rows after the swap.
void Mover::wait_for_snapshots() {
  std::uint32_t const copied = writing_transaction();
  pg::commit();
  double waited = 0;
  bool told = false;
  while (is_hidden_from_others(copied)) {
    double const pause = waited < 1000 ? kPollMs : 200;
    pg::commit_and_pause(pause);
    waited += pause;
    if (manner_.snapshot_wait_ms > 0 && waited >= manner_.snapshot_wait_ms) throw older_transactions(move());
    if (waited >= 1000) catch_up();
    if (waited < kPatientMs || told) continue;
    pg::notice("waiting for transactions that began before the rows were copied");
    told = true;
  }
}

ObjectId oid_of(const std::string& table) {
  pg::Spi spi;
  return spi.query("select pg_catalog.to_regclass($1)::oid", {table}).oid(0, 0);
}

void Mover::swap_under_locks() {
  pg::AsRole const owner(state_.owner);
  execute_all(partition::lock_statements(move()));
  double const began = pg::elapsed_clock_ms();
  require_as_planned(state_);
  if (renew_in("frame", move().key_indexed) > kLongestTail)
    throw Error("55P03", "too many rows changed just before the swap");
  std::vector<std::string> valid;
  for (auto const& key : move().foreign_keys)
    if (key.valid) valid.push_back(key.name);
  for (auto const& target : move().targets) {
    execute_all(partition::foreign_key_statements(move(), target));
    mark_foreign_keys_valid(oid_of(partition::working_table(move(), target)), valid);
  }
  execute_all(partition::swap_statements(move()));
  if (move().kind == partition::MoveKind::drain)
    for (auto const& target : move().targets)
      share_identity(move().parent, oid_of(partition::final_table(move(), target)));
  swap_ms_ = pg::elapsed_clock_ms() - began;
}

/// The server looks for rows of each new partition in the default one while it attaches it; not if a check
/// says that there are none.
void Mover::prove_default() {
  if (move().default_table.empty()) return;
  with_locks([&] {
    pg::AsRole const owner(state_.owner);
    execute_all({partition::default_check_statement(move())});
  });
  pg::commit();
  in_subtransaction([&] {
    claim_moves(move().parent, true);
    pg::AsRole const owner(state_.owner);
    execute_all({partition::validate_default_statement(move())});
  });
  pg::commit();
}

void Mover::swap() {
  prove_default();
  wait_for_snapshots();
  for (int round = 0; round < kMostRounds && catch_up() > kSmallTail;)
    ++round;
  std::uint32_t const copied = writing_transaction();
  pg::commit();
  for (int poll = 0; poll < kLastPolls && is_hidden_from_others(copied); ++poll)
    pg::commit_and_pause(kPollMs);
  swap_effort_ = with_locks(
      [&] {
        swap_under_locks();
        state_.phase = move().kind == partition::MoveKind::drain ? MovePhase::settle : MovePhase::clean;
        state_.source = 0;
        save();
      },
      [&] { catch_up(); });
  commit();
}

void Mover::settle() {
  MoveTarget const& target = move().targets[static_cast<size_t>(state_.source)];
  std::int64_t const next = state_.source + 1;
  with_locks([&] {
    {
      pg::AsRole const owner(state_.owner);
      execute_all(partition::settle_statements(move(), target));
    }
    state_.source = next;
    state_.phase = next == std::ssize(move().targets) ? MovePhase::clean : MovePhase::settle;
    save();
  });
  commit();
}

/// The new indexes get the names that the old ones had; where a name is in use, it stays as it is.
void Mover::rename_indexes() {
  if (!move().keep_old.empty()) return;
  for (auto const& target : move().targets) {
    for (auto const& index : target.index_names) {
      (void)pg::attempt(pg::OnSuccess::commit, [&] {
        pg::AsRole const owner(state_.owner);
        auto const other = index_named_differently(partition::final_table(move(), target), index);
        if (other)
          execute_all({fmt::format("alter index {} rename to {}", *other, quote_identifier(index.name))});
      });
    }
  }
}

void Mover::clean() {
  for (auto const& statements :
       {partition::drop_old_statements(move()), partition::drop_helper_statements(move())}) {
    for (auto const& statement : statements) {
      with_locks([&] {
        pg::AsRole const owner(state_.owner);
        execute_all({statement});
      });
      pg::commit();
    }
  }
  claim_moves(move().parent, true);
  rename_indexes();
  LogEntry entry;
  entry.schema = move().schema;
  entry.table = move().table;
  entry.action = partition::name_of(move().kind);
  entry.partition = move().sources.front().name;
  entry.took_ms = swap_ms_;
  entry.tries = swap_effort_.tries;
  entry.waited_ms = swap_effort_.waited_ms;
  entry.message = fmt::format("{} rows copied to {} partitions", state_.rows, move().targets.size());
  log_action(entry);
  end_move(state_);
  pg::commit();
  ended_ = true;
}

bool is_made_by_move(const std::string& table) {
  pg::Spi spi;
  return spi
      .query(
          "select exists (select from pg_catalog.pg_constraint where conrelid = pg_catalog.to_regclass($1) "
          "and "
          "conname = $2 and contype = 'c')",
          {table, std::string(partition::kRangeCheck)})
      .boolean(0, 0);
}

void Mover::give_up() {
  state_ = saved_;
  if (state_.phase > MovePhase::swap && !given_up())
    throw Error("55000",
                fmt::format("the new partitions of {} are in place already", partition::parent_table(move())))
        .hint("The rest takes but a moment: CALL deal_advisor.partition_maintain().");
  in_subtransaction([&] {
    claim_moves(move().parent, true);
    state_.phase = MovePhase::give_up;
    save();
  });
  commit();
}

void Mover::undo() {
  std::vector<std::string> unmark;
  for (auto const& source : move().sources)
    unmark.push_back(partition::uncapture_statement(source));
  if (!move().default_table.empty()) unmark.push_back(partition::drop_default_check_statement(move()));
  for (auto const& statement : unmark) {
    with_locks([&] {
      pg::AsRole const owner(state_.owner);
      execute_all({statement});
    });
    pg::commit();
  }
  with_locks([&] {
    {
      pg::AsRole const owner(state_.owner);
      std::vector<std::string> drops;
      for (auto const& target : move().targets)
        if (is_made_by_move(partition::working_table(move(), target)))
          drops.push_back("drop table if exists " + partition::working_table(move(), target));
      execute_all(drops);
      execute_all(partition::drop_helper_statements(move()));
    }
    end_move(state_);
  });
  pg::commit();
  ended_ = true;
}

void Mover::step() {
  switch (state_.phase) {
    case MovePhase::capture:
      return capture();
    case MovePhase::copy:
      if (blocks_ == 0) blocks_ = std::max<std::int64_t>(manner_.batch / 100, 1);
      return copy();
    case MovePhase::renew:
      return renew();
    case MovePhase::index:
      return index();
    case MovePhase::swap:
      return swap();
    case MovePhase::settle:
      return settle();
    case MovePhase::clean:
      return clean();
    case MovePhase::give_up:
      return undo();
  }
}

Error busy() {
  Error error("55006", "rows of this table are being moved by another session");
  error.hint("Wait for it, or end it: the next call goes on where it was.");
  return error;
}

}  // namespace

void start_move(const MoveState& state) {
  if (!claim_moves(state.move.parent, false)) throw busy();
  {
    pg::AsRole const owner(state.owner);
    execute_all(partition::prepare_statements(state.move));
  }
  begin_move(state);
  pg::commit();
}

MoveEnd run_move(ObjectId parent, const MoveManner& manner) {
  if (!claim_moves(parent, false)) throw busy();
  auto const found = find_move(parent);
  if (!found) return MoveEnd::done;
  Mover mover(*found, manner);
  while (!mover.ended()) {
    pg::check_for_interrupts();
    try {
      mover.step();
    } catch (const Error& error) {
      if (!is_stale(error) || mover.given_up()) throw;
      mover.give_up();
    }
  }
  return mover.given_up() ? MoveEnd::stale : MoveEnd::done;
}

bool give_up_move(ObjectId parent, const MoveManner& manner) {
  if (!claim_moves(parent, false)) throw busy();
  auto const found = find_move(parent);
  if (!found) return false;
  Mover mover(*found, manner);
  mover.give_up();
  while (!mover.ended())
    mover.step();
  return true;
}

void recover_moves(const MoveManner& manner) {
  for (ObjectId const parent : moves_under_way()) {
    auto const state = find_move(parent);
    if (!state || !pg::may_assume(pg::current_role(), state->owner)) continue;
    if (!claim_moves(parent, false)) continue;  // somebody is at it
    try {
      (void)run_move(parent, manner);
    } catch (const Error& error) {
      pg::commit();  // what had failed is rolled back already
      pg::warning(fmt::format("rows of {} are still to be moved: {}", partition::parent_table(state->move),
                              error.message()),
                  error.hint_text());
    }
  }
}

}  // namespace deal::server
