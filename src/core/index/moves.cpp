#include "core/index/moves.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace deal::index {

namespace {

constexpr std::size_t kLargestGroup = 4;
// Beyond this many exchanges only candidates that share a table or a query with the one that goes are tried.
constexpr std::size_t kManyExchanges = 4000;

const CandidateIndex& index_of(const Problem& problem, int candidate) {
  return problem.candidates[static_cast<std::size_t>(candidate)];
}

void keep_if_fits(std::vector<Move>& moves, const SearchState& state, Move move) {
  if (state.fits(move)) moves.push_back(std::move(move));
}

Move widening(const Problem& problem, const SearchState& state, int candidate) {
  Move widen{{candidate}, {}};
  for (const int chosen : state.chosen()) {
    if (covers(index_of(problem, candidate), index_of(problem, chosen))) widen.remove.push_back(chosen);
  }
  return widen;
}

// Every addition, whether it fits or not.
std::vector<Move> single_additions(const Problem& problem, const SearchState& state,
                                   const std::vector<int>& kept) {
  std::vector<Move> moves;
  for (const int candidate : kept) {
    if (state.contains(candidate)) continue;
    moves.push_back({{candidate}, {}});
    Move widen = widening(problem, state, candidate);
    if (!widen.remove.empty()) moves.push_back(std::move(widen));
  }
  return moves;
}

// Two indexes may each be useless alone: what a plan uses together is tried together, in pairs if all of it
// never fits.
void append_groups(std::vector<Move>& moves, const Problem& problem, const PlanCache& cache,
                   const SearchState& state) {
  std::set<std::vector<int>> seen;
  const auto append = [&](std::vector<int> group) {
    if (seen.insert(group).second) moves.push_back({std::move(group), {}});
  };
  for (std::size_t query = 0; query < problem.relevant.size(); ++query) {
    const int q = static_cast<int>(query);
    for (const CandidateSet used : cache.used_sets(q)) {
      const std::vector<int> group = cache.candidates_of(q, used & ~state.set(q) & ~cache.existing(q));
      if (group.size() < 2) continue;
      const bool never_fits = state.net_bytes(group) > problem.budget_bytes;
      if (group.size() <= kLargestGroup && !never_fits) append(group);
      if (!never_fits || group.size() == 2) continue;
      for (std::size_t i = 0; i < group.size(); ++i) {
        for (std::size_t j = i + 1; j < group.size(); ++j)
          append({group[i], group[j]});
      }
    }
  }
}

bool among(const std::vector<int>& candidates, int candidate) {
  return std::find(candidates.begin(), candidates.end(), candidate) != candidates.end();
}

// Ways to need fewer bytes: each chosen candidate left out, or a smaller one of its table in its place. The
// one with the least loss per byte first.
std::vector<Move> concessions(const Problem& problem, SearchState& state, const std::vector<int>& kept) {
  std::vector<std::pair<double, Move>> found;
  const auto add = [&](Move move) {
    const std::int64_t bytes = state.bytes() - state.bytes_after(move);
    if (bytes <= 0) return;
    const double loss = -state.gain(move, Pricing::pessimistic).value;
    found.emplace_back(loss / static_cast<double>(bytes), std::move(move));
  };
  for (const int out : state.chosen()) {
    add({{}, {out}});
    for (const int in : kept) {
      if (index_of(problem, in).table == index_of(problem, out).table && !state.contains(in))
        add({{in}, {out}});
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Move> moves;
  moves.reserve(found.size());
  for (auto& [loss, move] : found)
    moves.push_back(std::move(move));
  return moves;
}

// Makes room for a move that doesn't fit.
Move with_room(const SearchState& state, Move move, const std::vector<Move>& concessions) {
  for (const Move& concession : concessions) {
    if (state.fits(move)) break;
    const int out = concession.remove.front();
    if (among(move.remove, out) || (!concession.add.empty() && among(move.add, concession.add.front())))
      continue;
    move.remove.push_back(out);
    move.add.insert(move.add.end(), concession.add.begin(), concession.add.end());
  }
  return move;
}

bool related(const Problem& problem, const PlanCache& cache, int a, int b) {
  if (index_of(problem, a).table == index_of(problem, b).table) return true;
  const std::vector<QueryBit>& left = cache.queries_of(a);
  return std::any_of(left.begin(), left.end(),
                     [&](const QueryBit& of) { return cache.place_of(of.query, b) >= 0; });
}

}  // namespace

std::vector<Move> additions(const Problem& problem, const PlanCache& cache, const SearchState& state,
                            const std::vector<int>& kept, bool groups) {
  std::vector<Move> moves = single_additions(problem, state, kept);
  if (groups) append_groups(moves, problem, cache, state);
  std::erase_if(moves, [&](const Move& move) { return !state.fits(move); });
  return moves;
}

std::vector<Move> widenings(const Problem& problem, const SearchState& state, const std::vector<int>& kept,
                            int chosen) {
  std::vector<Move> moves;
  for (const int candidate : kept) {
    if (state.contains(candidate) || !covers(index_of(problem, candidate), index_of(problem, chosen)))
      continue;
    keep_if_fits(moves, state, widening(problem, state, candidate));
  }
  return moves;
}

std::vector<Move> exchanges(const Problem& problem, const PlanCache& cache, SearchState& state,
                            const std::vector<int>& kept) {
  std::vector<Move> additions = single_additions(problem, state, kept);
  append_groups(additions, problem, cache, state);
  const std::vector<Move> order = concessions(problem, state, kept);
  std::vector<Move> moves;
  for (Move& move : additions) {
    keep_if_fits(moves, state, state.fits(move) ? std::move(move) : with_room(state, std::move(move), order));
  }
  const std::vector<int>& chosen = state.chosen();
  const bool many = chosen.size() * kept.size() > kManyExchanges;
  for (const int out : chosen)
    moves.push_back({{}, {out}});
  for (const int in : kept) {
    if (state.contains(in)) continue;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (!many || related(problem, cache, in, chosen[i])) keep_if_fits(moves, state, {{in}, {chosen[i]}});
      if (index_of(problem, chosen[i]).table != index_of(problem, in).table) continue;
      for (std::size_t j = i + 1; j < chosen.size(); ++j) {
        if (index_of(problem, chosen[j]).table != index_of(problem, in).table) continue;
        keep_if_fits(moves, state, {{in}, {chosen[i], chosen[j]}});
      }
    }
  }
  return moves;
}

}  // namespace deal::index
