/// How far a move has come: one row of deal_advisor_data.partition_move for each table with a move under way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/finding.hpp"
#include "core/partition/move.hpp"

namespace deal::server {

/// The steps of a move, in order. Each is finished when its last transaction has committed.
enum class MovePhase : std::uint8_t { capture, copy, renew, index, swap, settle, clean, give_up };

/// What the row says.
struct MoveState {
  partition::Move move;
  ObjectId owner = 0;  ///< of the table, when the move was begun
  MovePhase phase = MovePhase::capture;
  std::int64_t source = 0;  ///< copy: which source is being copied; index, settle: which target is next
  std::int64_t block = 0;   ///< copy: the block that is next
  std::int64_t rows = 0;    ///< copied so far

  bool same_place(const MoveState& other) const {
    return phase == other.phase && source == other.source && block == other.block;
  }
};

/// Only one session at a time works on the moves of a table; the claim ends with the transaction. False if
/// another one has it and `wait` is false.
bool claim_moves(ObjectId parent, bool wait);

/// The move of a table; nothing if there is none. As of now, not as of the transaction's snapshot.
std::optional<MoveState> find_move(ObjectId parent);
/// Tables with a move under way.
std::vector<ObjectId> moves_under_way();

void begin_move(const MoveState& state);
/// Writes phase, source, block and rows, in the current transaction. Errors: 55006 if the row is not at the
/// place of `before` any more: another session has gone on with the move.
void save_move(const MoveState& state, const MoveState& before);
/// Writes the move itself: what was found out after its beginning.
void save_plan(const MoveState& state);
void end_move(const MoveState& state);

}  // namespace deal::server
