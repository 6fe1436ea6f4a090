/// Rows as they were at a time, from reverse deltas.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/audit/event.hpp"

namespace deal::audit {

/// What the events after a time say of a row at that time.
enum class PastState : unsigned char {
  changed,  ///< it existed; what no event has is as in the current row
  whole,    ///< it existed; what no event has is not known
  absent    ///< it did not exist
};

/// Many rows of one table. Events are taken in commit order, oldest first, those after the time in question:
/// the first one that has a column says what it was.
class PastRows {
 public:
  /// `slots`: how many columns there are.
  explicit PastRows(int slots) : slots_(static_cast<std::size_t>(slots)) {}

  /// A row of which no event was taken yet; its number, from 0.
  std::size_t add();
  std::size_t count() const { return rows_.size(); }
  /// Takes an event of a row.
  void take(std::size_t row, Op op, std::span<const Field> fields);
  /// The table was emptied and what was in it not recorded: of rows that existed then no more than was taken
  /// so far is known, and rows that are added from now on are later ones.
  void truncate();

  /// True if no further event changes what is known of the row.
  bool settled(std::size_t row) const { return rows_[row].settled; }
  PastState state(std::size_t row) const { return rows_[row].state; }
  /// Null: no event has it.
  ValueRef value(std::size_t row, int slot) const {
    return values_[row * slots_ + static_cast<std::size_t>(slot)];
  }

 private:
  struct Row {
    PastState state = PastState::changed;
    bool settled = false;
    bool taken = false;
  };

  void settle(Row& row, PastState state);

  std::size_t slots_;
  bool truncated_ = false;
  std::vector<Row> rows_;
  std::vector<ValueRef> values_;
};

}  // namespace deal::audit
