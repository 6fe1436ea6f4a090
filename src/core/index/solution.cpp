#include "core/index/solution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/index/rejection.hpp"

namespace deal::index {

namespace {

// Existing indexes that the new one covers and that no query misses.
void replace_existing(const Problem& problem, SearchState& state, Step& step) {
  const CandidateIndex& wide = problem.candidates[static_cast<std::size_t>(step.candidate)];
  for (std::size_t i = 0; i < problem.candidates.size(); ++i) {
    const CandidateIndex& narrow = problem.candidates[i];
    if (!narrow.existing || !narrow.droppable || state.hidden(static_cast<int>(i)) || !covers(wide, narrow))
      continue;
    const int candidate = static_cast<int>(i);
    if (state.loss_without(candidate) > std::max(narrow.write_cost, problem.min_gain * state.cost()))
      continue;
    state.hide(candidate);
    step.replaces.push_back(candidate);
  }
}

double weighted_base(const Problem& problem, const PlanCache& cache) {
  double cost = 0;
  for (std::size_t query = 0; query < problem.weights.size(); ++query) {
    cost += problem.weights[query] * cache.base_cost(static_cast<int>(query));
  }
  return cost;
}

// The step that brings most on top of the ranked ones.
std::size_t best_step(const Problem& problem, SearchState& ranked, const std::vector<Step>& steps) {
  const bool per_byte = budget_can_bind(problem);
  std::size_t best = 0;
  double best_value = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const CandidateIndex& index = problem.candidates[static_cast<std::size_t>(steps[i].candidate)];
    double value = ranked.gain({{steps[i].candidate}, {}}, Pricing::pessimistic).value;
    if (per_byte) value /= static_cast<double>(std::max<std::int64_t>(index.bytes, 1));
    if (value <= best_value) continue;
    best_value = value;
    best = i;
  }
  return best;
}

}  // namespace

bool budget_can_bind(const Problem& problem) {
  std::int64_t bytes = 0;
  for (const CandidateIndex& candidate : problem.candidates)
    bytes += candidate.existing ? 0 : candidate.bytes;
  if (problem.budget_bytes == std::numeric_limits<std::int64_t>::max()) return false;
  return problem.net_budget || problem.budget_bytes < bytes;
}

Solution describe(const Problem& problem, PlanCache& cache, const Refunds& refunds, SearchState& state) {
  Solution solution;
  std::vector<Step> steps;
  for (const int candidate : state.chosen())
    steps.push_back({.candidate = candidate});
  for (Step& step : steps)
    replace_existing(problem, state, step);
  for (Step& step : steps) {
    step.marginal_saving = state.loss_without(step.candidate);
    // Out of calls, and no plan is known that does without it: it saves at least what the set as a whole
    // saves.
    if (!std::isfinite(step.marginal_saving))
      step.marginal_saving = weighted_base(problem, cache) - state.cost();
  }
  SearchState ranked(problem, cache, refunds);
  solution.cost_before = ranked.planner_cost();
  ranked.set_least_saving(problem.min_gain * state.cost());
  while (!steps.empty()) {
    const std::size_t best = best_step(problem, ranked, steps);
    Step step = steps[best];
    steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(best));
    const double writes = ranked.write_cost();
    ranked.apply({{step.candidate}, {}}, Ask::unsure);
    step.write_cost = ranked.write_cost() - writes;
    for (const int existing : step.replaces)
      ranked.hide(existing);
    step.cost_after = steps.empty() ? state.planner_cost() : ranked.planner_cost();
    solution.steps.push_back(step);
  }
  solution.cost_after = state.planner_cost();
  for (std::size_t query = 0; query < problem.relevant.size(); ++query) {
    const int q = static_cast<int>(query);
    solution.query_before.push_back(cache.planner_base_cost(q));
    solution.query_after.push_back(state.plan(q).cost + state.plan(q).overcharge);
    solution.query_used.push_back(cache.candidates_of(q, state.plan(q).used));
  }
  if (problem.most_rejected > 0) solution.rejected = near_winners(problem, cache, state);
  return solution;
}

}  // namespace deal::index
