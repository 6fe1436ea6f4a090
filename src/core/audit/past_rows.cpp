#include "core/audit/past_rows.hpp"

namespace deal::audit {

std::size_t PastRows::add() {
  rows_.emplace_back();
  values_.resize(values_.size() + slots_, nullptr);
  if (truncated_) settle(rows_.back(), PastState::absent);
  return rows_.size() - 1;
}

void PastRows::settle(Row& row, PastState state) {
  row.settled = true;
  row.state = state;
}

void PastRows::take(std::size_t number, Op op, std::span<const Field> fields) {
  Row& row = rows_[number];
  if (row.settled) return;
  bool const first = !row.taken;
  row.taken = true;
  if (op == Op::insert || op == Op::key_after) {
    // Where it isn't the first event, how the row of before ended was not recorded.
    settle(row, first ? PastState::absent : PastState::whole);
    return;
  }
  ValueRef* const values = values_.data() + number * slots_;
  for (Field const& field : fields)
    if (values[field.slot] == nullptr) values[field.slot] = field.value;
  if (op != Op::update) settle(row, PastState::whole);
}

void PastRows::truncate() {
  truncated_ = true;
  for (Row& row : rows_)
    if (!row.settled) settle(row, PastState::whole);
}

}  // namespace deal::audit
