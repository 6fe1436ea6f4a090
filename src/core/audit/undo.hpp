/// Taking back what a transaction did: which steps, in which order, in how few statements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/audit/event.hpp"

namespace deal::audit {

/// An event of the transaction. `row`: a number for the row (the key within the table), the same for all its
/// events.
struct UndoEvent {
  int table = 0;
  int row = 0;
  std::int32_t sequence = 0;
  Op op = Op::insert;
  int shape = 0;  ///< updates of the same columns have the same shape
};

/// One thing to do.
struct UndoStep {
  enum class Kind : unsigned char {
    insert,  ///< the row that was deleted
    change,  ///< give back the old values, of the key as well
    remove   ///< the row that was inserted
  };
  Kind kind = Kind::insert;
  int table = 0;
  int row = 0;            ///< under its key before this step
  int row_after = 0;      ///< and after it
  std::size_t image = 0;  ///< the event that has the old values
  std::size_t now = 0;    ///< the event that has the key under which the row is found
  int shape = 0;          ///< which columns change; whole rows: -1
};

/// The steps in order: the last event is taken back first, so that what refers to a row and the row itself
/// come and go in the right order. A row that was deleted and inserted again at once (as a move between
/// partitions does) is changed back, not deleted: that would cascade. Truncates and baselines need no step.
std::vector<UndoStep> undo_steps(std::span<const UndoEvent> events);

/// How many of the steps from the first on can be one statement: of the same kind, table and shape, and none
/// needs what another one did. At most `limit`.
std::size_t run_length(std::span<const UndoStep> steps, std::size_t limit);

/// True if after the transaction the row is there. `last`: the row's last event in it.
constexpr bool leaves_row(Op last) {
  return last == Op::insert || last == Op::update || last == Op::key_after || last == Op::baseline;
}

}  // namespace deal::audit
