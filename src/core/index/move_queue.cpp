#include "core/index/move_queue.hpp"

#include <algorithm>
#include <utility>

#include "core/base/interrupt.hpp"

namespace deal::index {

bool MoveQueue::possible(const Move& move) const {
  const auto in = [this](int candidate) { return state_.contains(candidate); };
  return std::none_of(move.add.begin(), move.add.end(), in) &&
         std::all_of(move.remove.begin(), move.remove.end(), in) && state_.fits(move);
}

// Three and more at once are only tried on what is known: hoping for each of them would ask about everything.
Pricing MoveQueue::pricing_of(const Move& move) const {
  return move.add.size() > 2 ? Pricing::pessimistic : pricing_;
}

double MoveQueue::score(const Move& move, double gain) const {
  if (!per_byte_) return gain;
  return gain / static_cast<double>(std::max<std::int64_t>(state_.bytes_after(move) - state_.bytes(), 1));
}

void MoveQueue::add(Move move) {
  const double gain = state_.gain(move, pricing_of(move)).value;
  if (gain <= least_saving_) return;
  queue_.push({score(move, gain), static_cast<int>(moves_.size())});
  moves_.push_back(std::move(move));
}

void MoveQueue::add(std::vector<Move> moves) {
  InterruptPoll poll;
  for (Move& move : moves) {
    poll.step();
    add(std::move(move));
  }
}

std::optional<Move> MoveQueue::next(PlanCache& cache, int& asks) {
  InterruptPoll poll;
  while (!queue_.empty()) {
    poll.step();
    const Entry top = queue_.top();
    queue_.pop();
    const Move& move = moves_[static_cast<std::size_t>(top.move)];
    if (!possible(move)) continue;
    // Other moves, and what was asked for their sake, may have changed its worth.
    const Gain gain = state_.gain(move, pricing_of(move));
    if (gain.value <= least_saving_) continue;
    const Entry now{score(move, gain.value), top.move};
    if (now.score < top.score && !queue_.empty() && now < queue_.top()) {
      queue_.push(now);
      continue;
    }
    if (gain.unsure_query < 0) return move;
    if (asks <= 0 || cache.exhausted()) return std::nullopt;
    --asks;
    state_.ask(move, gain.unsure_query);
    queue_.push(now);
  }
  return std::nullopt;
}

}  // namespace deal::index
