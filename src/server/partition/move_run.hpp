/// The engine that moves rows: it carries out a move step by step, each in a transaction of its own, and goes
/// on with one that was interrupted.
#pragma once

#include "server/bridge/short_locks.hpp"
#include "server/partition/move_state.hpp"

namespace deal::server {

/// How a move is carried out.
struct MoveManner {
  std::int64_t batch = 10'000;  ///< rows copied in one transaction, about
  double pause_ms = 0;          ///< between these
  double snapshot_wait_ms = 0;  ///< most time to wait for older transactions before the swap; 0: all it takes
  pg::LockPatience patience{.timeout_ms = 50, .most_tries = 240, .pause_ms = 250};
};

/// How it ended.
enum class MoveEnd : std::uint8_t {
  done,
  stale  ///< what it was planned for has changed (a rewrite, TRUNCATE, ALTER TABLE): it was given up cleanly
};

/// Makes the helper tables and notes the move; commits. Errors: those of the statements, 55006 if another
/// session works on moves of the table.
void start_move(const MoveState& state);

/// Goes on with the table's move until it has ended. Commits: needs require_own_transactions, no AsRole.
/// Errors: 55P03 for locks that can't be had, those of the statements; the move can be continued then.
MoveEnd run_move(ObjectId parent, const MoveManner& manner);

/// Gives up the table's move, if there is one that has not put its new partitions in place yet: everything it
/// made goes, no row was moved. False if there is none. Commits. Errors: 55000 if they are in place.
bool give_up_move(ObjectId parent, const MoveManner& manner);

/// Finishes what a crash or a cancel left: every move of tables for whose owners the calling role may act,
/// also of ones that no longer fit, which are given up; never throws but for a cancel. Commits.
void recover_moves(const MoveManner& manner);

}  // namespace deal::server
