#include "core/audit/undo.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace deal::audit {

namespace {

constexpr int kWholeRow = -1;

/// Two events in a row that are one change of one row.
bool is_one_change(const UndoEvent& before, const UndoEvent& after) {
  if (before.table != after.table || before.sequence + 1 != after.sequence) return false;
  if (before.op == Op::key_before) return after.op == Op::key_after;
  return before.op == Op::remove && after.op == Op::insert && before.row == after.row;
}

void add_step(std::vector<UndoStep>& steps, const UndoEvent& event, std::size_t number) {
  UndoStep step{UndoStep::Kind::insert, event.table, event.row, event.row, number, number, kWholeRow};
  switch (event.op) {
    case Op::insert:
    case Op::key_after:
      step.kind = UndoStep::Kind::remove;
      break;
    case Op::update:
      step.kind = UndoStep::Kind::change;
      step.shape = event.shape;
      break;
    case Op::remove:
    case Op::key_before:
      break;
    case Op::truncate:
    case Op::baseline:
    case Op::alter:
      return;
  }
  steps.push_back(step);
}

}  // namespace

std::vector<UndoStep> undo_steps(std::span<const UndoEvent> events) {
  std::vector<std::size_t> order(events.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, std::greater<>(), [&](std::size_t i) { return events[i].sequence; });
  std::vector<UndoStep> steps;
  steps.reserve(events.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    UndoEvent const& event = events[order[i]];
    if (i + 1 < order.size() && is_one_change(events[order[i + 1]], event)) {
      UndoEvent const& before = events[order[i + 1]];
      steps.push_back(
          {UndoStep::Kind::change, event.table, event.row, before.row, order[i + 1], order[i], kWholeRow});
      ++i;
      continue;
    }
    add_step(steps, event, order[i]);
  }
  return steps;
}

std::size_t run_length(std::span<const UndoStep> steps, std::size_t limit) {
  std::unordered_set<int> touched;
  std::size_t length = 0;
  while (length < steps.size() && length < limit) {
    UndoStep const& first = steps.front();
    UndoStep const& step = steps[length];
    if (step.kind != first.kind || step.table != first.table || step.shape != first.shape) break;
    if (touched.contains(step.row)) break;
    touched.insert(step.row);
    touched.insert(step.row_after);
    ++length;
  }
  return length;
}

}  // namespace deal::audit
