#include "core/index/moves.hpp"

#include <algorithm>
#include <bit>
#include <set>

namespace deal::index {

namespace {

constexpr std::size_t kLargestGroup = 4;
// Beyond this many exchanges only candidates that share a table or a query with the one that goes are tried.
constexpr std::size_t kManyExchanges = 4000;

const CandidateIndex& index_of(const Problem& problem, int candidate) {
  return problem.candidates[static_cast<std::size_t>(candidate)];
}

void add_if_fits(std::vector<Move>& moves, const SearchState& state, Move move) {
  if (state.fits(move)) moves.push_back(std::move(move));
}

void add_singles(std::vector<Move>& moves, const Problem& problem, const SearchState& state,
                 const std::vector<int>& kept) {
  for (const int candidate : kept) {
    if (state.contains(candidate)) continue;
    add_if_fits(moves, state, {{candidate}, {}});
    Move widen{{candidate}, {}};
    for (const int chosen : state.chosen()) {
      if (covers(index_of(problem, candidate), index_of(problem, chosen))) widen.remove.push_back(chosen);
    }
    if (!widen.remove.empty()) add_if_fits(moves, state, std::move(widen));
  }
}

// Two indexes may each be useless alone: what a plan uses together is tried together.
void add_groups(std::vector<Move>& moves, const Problem& problem, const PlanCache& cache,
                const SearchState& state) {
  std::set<std::vector<int>> seen;
  for (std::size_t query = 0; query < problem.relevant.size(); ++query) {
    const int q = static_cast<int>(query);
    for (const CandidateSet used : cache.used_sets(q)) {
      std::vector<int> group = cache.candidates_of(q, used & ~state.set(q) & ~cache.existing(q));
      if (group.size() < 2 || group.size() > kLargestGroup || !seen.insert(group).second) continue;
      add_if_fits(moves, state, {std::move(group), {}});
    }
  }
}

bool related(const Problem& problem, const PlanCache& cache, int a, int b) {
  if (index_of(problem, a).table == index_of(problem, b).table) return true;
  const std::vector<int>& left = cache.queries_of(a);
  return std::any_of(left.begin(), left.end(), [&](int query) { return cache.place_of(query, b) >= 0; });
}

}  // namespace

std::vector<Move> additions(const Problem& problem, const PlanCache& cache, const SearchState& state,
                            const std::vector<int>& kept) {
  std::vector<Move> moves;
  add_singles(moves, problem, state, kept);
  add_groups(moves, problem, cache, state);
  return moves;
}

std::vector<Move> exchanges(const Problem& problem, const PlanCache& cache, const SearchState& state,
                            const std::vector<int>& kept) {
  std::vector<Move> moves = additions(problem, cache, state, kept);
  const std::vector<int>& chosen = state.chosen();
  const bool many = chosen.size() * kept.size() > kManyExchanges;
  for (const int out : chosen)
    moves.push_back({{}, {out}});
  for (const int in : kept) {
    if (state.contains(in)) continue;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (!many || related(problem, cache, in, chosen[i])) add_if_fits(moves, state, {{in}, {chosen[i]}});
      if (index_of(problem, chosen[i]).table != index_of(problem, in).table) continue;
      for (std::size_t j = i + 1; j < chosen.size(); ++j) {
        if (index_of(problem, chosen[j]).table != index_of(problem, in).table) continue;
        add_if_fits(moves, state, {{in}, {chosen[i], chosen[j]}});
      }
    }
  }
  return moves;
}

}  // namespace deal::index
