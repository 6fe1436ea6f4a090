/// A row's history, walked from the newest event to the oldest.
#pragma once

#include <span>
#include <vector>

#include "core/audit/event.hpp"

namespace deal::audit {

/// The state of one row between its events. For each event, newest first: `arrive`, read the state (that
/// after the event), `leave`, read the state (that before it).
///
///   RowWalk walk(columns.count());
///   walk.start(current);               // or nothing, for a row that is gone
///   walk.arrive(op, image); ...walk... ; walk.leave(op, image); ...walk...
class RowWalk {
 public:
  explicit RowWalk(int slots) : values_(static_cast<std::size_t>(slots), nullptr) {}

  /// The row is there now, with these values.
  void start(std::span<const Field> current);
  void arrive(Op op, std::span<const Field> image);
  void leave(Op op, std::span<const Field> image);

  bool exists() const { return exists_; }
  /// Null: not known.
  ValueRef value(int slot) const { return values_[static_cast<std::size_t>(slot)]; }

 private:
  void clear();
  void fill_unknown(std::span<const Field> image);

  bool exists_ = false;
  std::vector<ValueRef> values_;
};

/// True if a truncate belongs to the history of a row whose next older event is `older`: the row was there
/// and its end is not recorded otherwise.
constexpr bool ends_with_truncate(Op older) {
  return older != Op::remove && older != Op::key_before && older != Op::truncate;
}

}  // namespace deal::audit
