#include "core/index/search_state.hpp"

#include <algorithm>
#include <cmath>

namespace deal::index {

namespace {

// Of two candidates that save the same the smaller is better, budget or not: one of mean size is charged this
// share of the least saving for its bytes.
constexpr double kSizeShare = 0.1;

// So much of a move's gain may stay a hope when it is made.
constexpr double kUnsureShare = 0.05;

// What plans priced anew say is mostly the truth; where other plans leave room below it, this share of that
// room is hoped for. All of it costs a third more planner calls, none of it up to 4 % of the quality.
constexpr double kHope = 0.5;

}  // namespace

SearchState::SearchState(const Problem& problem, PlanCache& cache, const Refunds& refunds)
    : problem_(&problem),
      cache_(&cache),
      refunds_(&refunds),
      bill_(problem),
      in_(problem.candidates.size(), 0),
      hidden_(problem.candidates.size(), 0),
      covered_by_(problem.candidates.size(), 0),
      sets_(problem.relevant.size()),
      plans_(problem.relevant.size()),
      stamps_(problem.relevant.size()) {
  double bytes = 1;
  for (const CandidateIndex& candidate : problem.candidates)
    bytes += static_cast<double>(candidate.bytes);
  per_byte_ = kSizeShare * static_cast<double>(problem.candidates.size()) / bytes;
  for (std::size_t query = 0; query < sets_.size(); ++query) {
    const int q = static_cast<int>(query);
    sets_[query] = cache.existing(q);
    first_saving_.push_back(static_cast<std::uint32_t>(savings_.size()));
    for (const int candidate : cache.members(q)) {
      const double lower = cache.lower(q, sets_[query] | cache.bit(q, candidate));
      savings_.push_back({static_cast<float>(std::max(0.0, cache.base_cost(q) - lower)), false});
    }
    set_plan(q, cache.plan(q, sets_[query]));
  }
}

void SearchState::set_plan(int query, const PlanCache::Known& known) {
  PlanCache::Known& plan = plans_[static_cast<std::size_t>(query)];
  const double weight = problem_->weights[static_cast<std::size_t>(query)];
  cost_ += weight * (known.cost - plan.cost);
  overcharge_ += weight * (known.overcharge - plan.overcharge);
  plan = known;
}

double SearchState::upkeep_of(int candidate) const {
  const CandidateIndex& index = problem_->candidates[static_cast<std::size_t>(candidate)];
  return index.write_cost + least_saving_ * (1 + static_cast<double>(index.bytes) * per_byte_);
}

void SearchState::set_least_saving(double saving) {
  least_saving_ = saving;
  upkeep_ = 0;
  for (const int candidate : chosen_)
    upkeep_ += upkeep_of(candidate);
}

std::int64_t SearchState::bytes_after(const Move& move) const {
  std::int64_t bytes = bytes_;
  for (const int candidate : move.add)
    bytes += problem_->candidates[static_cast<std::size_t>(candidate)].bytes;
  for (const int candidate : move.remove)
    bytes -= problem_->candidates[static_cast<std::size_t>(candidate)].bytes;
  return bytes - given_back_by(move);
}

// Bytes of the existing indexes that the move makes superfluous, less those of which it takes the last cover.
std::int64_t SearchState::given_back_by(const Move& move) const {
  std::int64_t bytes = 0;
  if (!refunds_->any()) return bytes;
  const auto covers_after = [&](int existing) {
    int count = covered_by_[static_cast<std::size_t>(existing)];
    for (const int candidate : move.add)
      count += gives_back(candidate, existing) ? 1 : 0;
    for (const int candidate : move.remove)
      count -= gives_back(candidate, existing) ? 1 : 0;
    return count;
  };
  std::vector<int> seen;
  for (const std::vector<int>* side : {&move.add, &move.remove}) {
    for (const int candidate : *side) {
      for (const int existing : refunds_->of(candidate)) {
        if (std::find(seen.begin(), seen.end(), existing) != seen.end()) continue;
        seen.push_back(existing);
        const int before = covered_by_[static_cast<std::size_t>(existing)] > 0 ? 1 : 0;
        const int after = covers_after(existing) > 0 ? 1 : 0;
        bytes += (after - before) * problem_->candidates[static_cast<std::size_t>(existing)].bytes;
      }
    }
  }
  return bytes;
}

bool SearchState::gives_back(int candidate, int existing) const {
  const std::vector<int>& list = refunds_->of(candidate);
  return std::find(list.begin(), list.end(), existing) != list.end();
}

double SearchState::write_cost() const {
  double cost = bill_.cost();
  for (const int candidate : chosen_)
    cost += problem_->candidates[static_cast<std::size_t>(candidate)].write_cost;
  return cost;
}

// Queries whose cost the move can change: a candidate that goes matters only to plans that use it.
const std::vector<SearchState::Affected>& SearchState::affected(const Move& move) {
  affected_.clear();
  ++stamp_;
  const auto take = [&](int query) -> Affected& {
    std::pair<int, int>& stamp = stamps_[static_cast<std::size_t>(query)];
    if (stamp.first != stamp_) {
      stamp = {stamp_, static_cast<int>(affected_.size())};
      affected_.push_back({query, 0, 0, false});
    }
    return affected_[static_cast<std::size_t>(stamp.second)];
  };
  for (const int candidate : move.add) {
    for (const auto& [query, bit] : cache_->queries_of(candidate)) {
      Affected& entry = take(query);
      entry.added |= bit;
      entry.matters = true;
    }
  }
  for (const int candidate : move.remove) {
    for (const auto& [query, bit] : cache_->queries_of(candidate)) {
      Affected& entry = take(query);
      entry.removed |= bit;
      entry.matters = entry.matters || (plan(query).used & bit) != 0;
    }
  }
  std::erase_if(affected_, [](const Affected& entry) { return !entry.matters; });
  return affected_;
}

// No lower than the known plans of larger sets, nor than what the added candidates have ever saved this
// query.
double SearchState::hopeful_cost(const Affected& entry, const Move& move, double lower, double upper) const {
  if (move.add.size() > 1) return lower;  // together they may save what neither did
  const int query = entry.query;
  double without = plan(query).cost;
  if (entry.removed != 0) without = std::max(without, cache_->upper(query, set(query) & ~entry.removed));
  double saving = 0;
  for (const int candidate : move.add) {
    const int place = cache_->place_of(query, candidate);
    if (place < 0) continue;
    saving += this->saving(query, static_cast<std::size_t>(place)).most;
  }
  return std::min(upper, std::max(lower, without - saving));
}

Gain SearchState::gain(const Move& move, Pricing pricing) {
  Gain gain;
  for (const int candidate : move.remove)
    gain.value += upkeep_of(candidate);
  for (const int candidate : move.add)
    gain.value -= upkeep_of(candidate);
  gain.value -= bill_.charge_after(move.add, move.remove) - bill_.charge();
  double most_unsure = tolerance();
  double unsure = 0;
  for (const Affected& entry : affected(move)) {
    const int query = entry.query;
    const double weight = problem_->weights[static_cast<std::size_t>(query)];
    const CandidateSet set = set_after(entry);
    const PlanCache::Bounds bounds = cache_->bounds(query, set);
    if (bounds.exact != nullptr) {
      gain.value += weight * (plan(query).cost - bounds.exact->cost);
      continue;
    }
    const double upper = bounds.upper;
    double cost = upper;
    if (pricing == Pricing::hopeful) {
      double hopeful = hopeful_cost(entry, move, bounds.lower, upper);
      if (trusted(query, set)) hopeful = bounds.likely - kHope * std::max(0.0, bounds.likely - hopeful);
      // The difference may be infinite: no plan without a dropped index is known yet.
      if (!(weight * (upper - hopeful) <= tolerance())) cost = hopeful;
      if (cost < upper) unsure += weight * (upper - cost);
      if (weight * (upper - cost) > most_unsure) {
        most_unsure = weight * (upper - cost);
        gain.unsure_query = query;
      }
    }
    gain.value += weight * (plan(query).cost - cost);
  }
  if (unsure <= kUnsureShare * gain.value) gain.unsure_query = -1;
  return gain;
}

// A candidate that was never tried is asked about together with the untried ones of its table that are no
// larger: the best of them shows, and none of the others can save more.
CandidateSet SearchState::rivals(int query, int candidate) const {
  const CandidateIndex& index = problem_->candidates[static_cast<std::size_t>(candidate)];
  const std::vector<int>& members = cache_->members(query);
  CandidateSet rivals = 0;
  for (std::size_t place = 0; place < members.size(); ++place) {
    const CandidateIndex& other = problem_->candidates[static_cast<std::size_t>(members[place])];
    const bool untried = !saving(query, place).tried;
    if (untried && !other.existing && other.table == index.table && other.bytes <= index.bytes) {
      rivals |= CandidateSet{1} << place;
    }
  }
  return rivals & ~set(query);
}

void SearchState::ask(const Move& move, int query) {
  CandidateSet target = set(query);
  for (const int candidate : move.remove)
    target &= ~cache_->bit(query, candidate);
  for (const int candidate : move.add)
    target |= cache_->bit(query, candidate);
  if (move.add.size() != 1 || !move.remove.empty()) {
    cache_->plan(query, target);
    return;
  }
  const int place = cache_->place_of(query, move.add.front());
  Saving& own = saving(query, static_cast<std::size_t>(place));
  const CandidateSet rivals = own.tried ? 0 : this->rivals(query, move.add.front());
  if ((rivals & ~target) != 0) {
    const double before = own.most;
    const PlanCache::Known known = cache_->plan(query, target | rivals);
    const auto saved = static_cast<float>(std::max(0.0, plan(query).cost - known.cost));
    for (std::size_t i = 0; i < cache_->members(query).size(); ++i) {
      const CandidateSet bit = CandidateSet{1} << i;
      if ((rivals & bit) == 0) continue;
      Saving& rival = saving(query, i);
      rival.most = std::min(rival.most, saved);
      if ((known.used & ~set(query)) == bit || (known.used & rivals) == 0) rival.tried = true;
    }
    if (own.tried || own.most < 0.9 * before || cache_->exhausted()) return;
  }
  own.most = static_cast<float>(std::max(0.0, plan(query).cost - cache_->plan(query, target).cost));
  own.tried = true;
}

bool SearchState::trusted(int query, CandidateSet set) const {
  return (set & ~cache_->existing(query) & ~cache_->priced(query)) == 0;
}

void SearchState::settle(int query, Ask ask) {
  const CandidateSet set = this->set(query);
  PlanCache::Known known;
  if (!cache_->find(query, set, known)) {
    const double weight = problem_->weights[static_cast<std::size_t>(query)];
    const PlanCache::Bounds bounds = cache_->bounds(query, set);
    const bool close = weight * (bounds.upper - bounds.lower) <= tolerance();
    const bool needed = ask == Ask::unsure || (ask == Ask::unpriced && !trusted(query, set));
    known = needed && !close ? cache_->plan(query, set) : cache_->cheapest(query, set);
  }
  set_plan(query, known);
}

void SearchState::apply(const Move& move, Ask ask) {
  const std::vector<Affected> queries = affected(move);
  bytes_ = bytes_after(move);
  bill_.change(move.add, move.remove);
  for (const int candidate : move.remove) {
    for (const int existing : refunds_->of(candidate))
      --covered_by_[static_cast<std::size_t>(existing)];
    in_[static_cast<std::size_t>(candidate)] = 0;
    chosen_.erase(std::find(chosen_.begin(), chosen_.end(), candidate));
    upkeep_ -= upkeep_of(candidate);
    for (const auto& [query, bit] : cache_->queries_of(candidate))
      sets_[static_cast<std::size_t>(query)] &= ~bit;
  }
  for (const int candidate : move.add) {
    in_[static_cast<std::size_t>(candidate)] = 1;
    chosen_.push_back(candidate);
    for (const int existing : refunds_->of(candidate))
      ++covered_by_[static_cast<std::size_t>(existing)];
    upkeep_ += upkeep_of(candidate);
    for (const auto& [query, bit] : cache_->queries_of(candidate))
      sets_[static_cast<std::size_t>(query)] |= bit;
  }
  for (const Affected& entry : queries)
    settle(entry.query, ask);
}

double SearchState::loss_without(int candidate) {
  double loss = 0;
  for (const auto& [query, bit] : cache_->queries_of(candidate)) {
    if ((plan(query).used & bit) == 0) continue;
    loss += problem_->weights[static_cast<std::size_t>(query)] *
            (cache_->plan(query, set(query) & ~bit).cost - plan(query).cost);
  }
  return loss;
}

void SearchState::hide(int candidate) {
  hidden_[static_cast<std::size_t>(candidate)] = 1;
  for (const auto& [query, bit] : cache_->queries_of(candidate)) {
    sets_[static_cast<std::size_t>(query)] &= ~bit;
    if ((plan(query).used & bit) != 0) set_plan(query, cache_->plan_exactly(query, set(query)));
  }
}

void SearchState::settle_all() {
  for (std::size_t query = 0; query < sets_.size(); ++query)
    settle(static_cast<int>(query), Ask::unsure);
}

void SearchState::verify_all() {
  for (std::size_t query = 0; query < sets_.size(); ++query) {
    const int q = static_cast<int>(query);
    set_plan(q, cache_->plan_exactly(q, set(q)));
  }
}

}  // namespace deal::index
