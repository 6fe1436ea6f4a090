/// Which columns an update changed.
#pragma once

#include "server/bridge/call.hpp"

extern "C" {
#include "executor/tuptable.h"
}

namespace deal::server {

/// Sets of columns are bits, attribute number - 1, in words of 64.
constexpr int column_words(int columns) {
  return (columns + 63) / 64;
}
constexpr bool has_column(const uint64_t* set, int column) {
  return (set[column / 64] >> (column % 64) & 1) != 0;
}
constexpr void add_column(uint64_t* set, int column) {
  set[column / 64] |= uint64_t{1} << (column % 64);
}

/// Marks the columns whose stored values differ, those of `skipped` (null: none) aside; true if there are
/// any. Both slots must be deformed. Values that lie out of line are equal when their pointers are; only when
/// these differ and the sizes don't are they fetched. Inside pg::call.
bool find_changed(TupleTableSlot* before, TupleTableSlot* after, const uint64_t* skipped, uint64_t* changed);

}  // namespace deal::server
