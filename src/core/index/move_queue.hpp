#pragma once

#include <optional>
#include <queue>
#include <vector>

#include "core/index/search_state.hpp"

namespace deal::index {

/// Hands out moves, the best first, while the selection changes underneath: a move is priced anew when it
/// comes to the top, and asked about only then. A move whose turn is over (its candidate is in or gone, it
/// doesn't fit any more, it saves nothing) is forgotten.
class MoveQueue {
 public:
  /// Moves must save more than `least_saving`; they are ordered by saving or by saving per byte. The state
  /// must outlive the queue.
  MoveQueue(SearchState& state, Pricing pricing, bool per_byte, double least_saving)
      : state_(state), pricing_(pricing), per_byte_(per_byte), least_saving_(least_saving) {}

  void add(Move move);
  void add(std::vector<Move> moves);

  /// The best move, its saving known well enough. `asks`: how many questions the planner may be asked,
  /// counted down; once it is 0 the first unsure move ends it.
  std::optional<Move> next(PlanCache& cache, int& asks);

 private:
  struct Entry {
    double score;
    int move;
    bool operator<(const Entry& other) const {
      return score != other.score ? score < other.score : move > other.move;
    }
  };

  bool possible(const Move& move) const;
  Pricing pricing_of(const Move& move) const;
  double score(const Move& move, double gain) const;

  SearchState& state_;
  Pricing pricing_;
  bool per_byte_;
  double least_saving_;
  std::vector<Move> moves_;
  std::priority_queue<Entry> queue_;
};

}  // namespace deal::index
