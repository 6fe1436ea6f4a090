#include "core/index/plan_cache.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "core/base/interrupt.hpp"

namespace deal::index {

namespace {

constexpr std::size_t kMostMembers = 64;

bool within(CandidateSet inner, CandidateSet outer) {
  return (inner & ~outer) == 0;
}

}  // namespace

PlanCache::PlanCache(const Problem& problem, const Planner& planner)
    : problem_(problem),
      planner_(planner),
      queries_(problem.relevant.size()),
      queries_of_(problem.candidates.size()) {
  for (std::size_t query = 0; query < queries_.size(); ++query) {
    choose_members(problem, static_cast<int>(query));
    fill_slots(queries_[query]);
    CandidateSet bit = 1;
    for (const int candidate : queries_[query].members) {
      queries_of_[static_cast<std::size_t>(candidate)].push_back({static_cast<int>(query), bit});
      bit <<= 1;
    }
  }
}

void PlanCache::fill_slots(Query& query) {
  query.slots.assign(std::bit_ceil(2 * query.members.size() + 1), -1);
  for (std::size_t place = 0; place < query.members.size(); ++place) {
    std::size_t slot = slot_of(query, query.members[place]);
    while (query.slots[slot] >= 0)
      slot = (slot + 1) & (query.slots.size() - 1);
    query.slots[slot] = static_cast<std::int16_t>(place);
  }
}

void PlanCache::choose_members(const Problem& problem, int query) {
  Query& entry = queries_[static_cast<std::size_t>(query)];
  const std::vector<int>& relevant = problem.relevant[static_cast<std::size_t>(query)];
  for (const bool existing : {true, false}) {
    for (const int candidate : relevant) {
      if (problem.candidates[static_cast<std::size_t>(candidate)].existing != existing) continue;
      if (std::find(entry.members.begin(), entry.members.end(), candidate) != entry.members.end()) continue;
      if (entry.members.size() < kMostMembers) {
        if (existing) entry.existing |= CandidateSet{1} << entry.members.size();
        entry.members.push_back(candidate);
      } else if (existing) {
        entry.always.push_back(candidate);
      }
    }
  }
}

const PlanCache::Record* PlanCache::exact_record(int query, CandidateSet set) const {
  for (const Record& record : queries_[static_cast<std::size_t>(query)].records) {
    if (record.available == set) return &record;
  }
  return nullptr;
}

void PlanCache::BoundsTable::grow() {
  slots_.assign(std::max<std::size_t>(64, 2 * slots_.size()), 0);
  for (std::size_t i = 0; i < entries_.size(); ++i)
    slots_[slot_of(entries_[i].first)] = static_cast<std::uint32_t>(i + 1);
}

PlanCache::Bounds PlanCache::bounds(int query, CandidateSet set) const {
  const Query& entry = queries_[static_cast<std::size_t>(query)];
  if (const Bounds* const found = entry.bounds.find(set)) return *found;
  return entry.bounds.add(set, compute_bounds(entry, set));
}

PlanCache::Bounds PlanCache::compute_bounds(const Query& entry, CandidateSet set) {
  const CandidateSet reach = reach_of(entry, set);
  Bounds bounds;
  int fewest = std::numeric_limits<int>::max();
  for (const Record& record : entry.records) {
    const bool possible = within(record.used, reach);
    const bool larger = within(set, record.reach);
    if (possible && larger) {
      // Of several that answer, the one asked about the fewest candidates: the nearest to the set itself.
      const int size = std::popcount(record.available);
      if (size >= fewest) continue;
      fewest = size;
      bounds.exact = &record;
    }
    if (possible && record.cost < bounds.upper) {
      bounds.upper = record.cost;
      bounds.used = stand_ins(entry, record.used, set);
      bounds.overcharge = record.overcharge;
    }
    const RepricedPlan::Price price = record.repriced.price(set);
    if (price.cost < bounds.upper) {
      bounds.upper = price.cost;
      bounds.used = price.used;
      bounds.overcharge = 0;
    }
    bounds.likely = std::min(bounds.likely, price.least);
    if (larger) bounds.lower = std::max(bounds.lower, record.cost);
  }
  bounds.lower = std::min(bounds.lower, bounds.upper);
  bounds.likely = std::clamp(bounds.likely, bounds.lower, bounds.upper);
  return bounds;
}

bool PlanCache::find(int query, CandidateSet set, Known& known) const {
  const Bounds found = bounds(query, set);
  if (found.exact == nullptr) return false;
  known = {stand_ins(queries_[static_cast<std::size_t>(query)], found.exact->used, set), found.exact->cost,
           found.exact->overcharge};
  return true;
}

PlanCache::Known PlanCache::plan(int query, CandidateSet set) {
  Known known;
  return find(query, set, known) ? known : plan_exactly(query, set);
}

PlanCache::Known PlanCache::plan_exactly(int query, CandidateSet set) {
  if (const Record* record = exact_record(query, set))
    return {record->used, record->cost, record->overcharge};
  poll_interrupts();
  stopped_ = stopped_ || (problem_.stop && problem_.stop());
  if (stopped_ || calls_ >= limit_) {
    refused_ = true;
    Known known;
    return find(query, set, known) ? known : cheapest_planned(query, set);
  }
  const Record& record = ask(query, set);
  return {record.used, record.cost, record.overcharge};
}

void PlanCache::plan_base(int query) {
  poll_interrupts();
  const auto place = static_cast<std::size_t>(query);
  if (place < problem_.bases.size() && problem_.bases[place]) {
    record(query, existing(query), *problem_.bases[place]);
  } else {
    ask(query, existing(query));
  }
}

const PlanCache::Record& PlanCache::ask(int query, CandidateSet set) {
  Query& entry = queries_[static_cast<std::size_t>(query)];
  available_ = candidates_of(query, set);
  available_.insert(available_.end(), entry.always.begin(), entry.always.end());
  std::sort(available_.begin(), available_.end());
  ++calls_;
  return record(query, set, planner_(query, available_));
}

const PlanCache::Record& PlanCache::record(int query, CandidateSet set, const QueryPlan& plan) {
  Query& entry = queries_[static_cast<std::size_t>(query)];
  CandidateSet used = 0;
  for (const int candidate : plan.used)
    used |= bit(query, candidate);
  if (!plan.accesses.empty()) learn(entry, plan.accesses, used);
  entry.bounds.clear();
  tells_leaves_ = tells_leaves_ || !plan.leaves.empty();
  // What stands for no work is somewhere in the leaves: a plan with such a part is not priced anew.
  const bool known_whole = plan.overcharge == 0;
  QueryPlan kept{plan.cost - plan.overcharge, plan.used, {}, {}, plan.overcharge};
  if (known_whole) kept.leaves = plan.leaves;
  RepricedPlan repriced(entry.members, entry.accesses, kept);
  entry.records.push_back({set, reach_of(entry, set), used & set, kept.cost, plan.overcharge, std::move(kept),
                           std::move(repriced)});
  // Where LIMIT ends a plan early, one more index in the wanted order makes a plan that is like none before;
  // and prices of BRIN hold the overcharge.
  entry.unlike = entry.unlike || !known_whole ||
                 std::any_of(plan.leaves.begin(), plan.leaves.end(),
                             [](const PlanLeaf& leaf) { return leaf.most_share < 1; });
  return entry.records.back();
}

// Which candidates' worth plans of a known form tell. A query of one relation has none: its plan sorts or
// reads in order, by one process or several, just as a single index makes it.
CandidateSet PlanCache::priced_by(const Query& query, const std::vector<AccessCost>& accesses) {
  CandidateSet priced = 0;
  CandidateSet unpriced = 0;
  bool joins = false;
  for (const AccessCost& access : accesses) {
    const CandidateSet bit = bit_in(query, access.candidate);
    if (access.relation == kNotPriced) unpriced |= bit;
    if (access.relation >= 0) priced |= bit;
    joins = joins || access.relation > 0;
  }
  return joins ? priced & ~unpriced : 0;
}

// What a plan uses is read in some way, told or not: it is never taken for useless.
void PlanCache::learn(Query& query, std::vector<AccessCost> accesses, CandidateSet used) {
  for (const AccessCost& access : accesses)
    used &= ~bit_in(query, access.candidate);
  int place = -1;  // compares with nothing else
  for (; used != 0; used &= used - 1) {
    const int candidate = query.members[static_cast<std::size_t>(std::countr_zero(used))];
    accesses.push_back({candidate, place--, 0, 0, 0, {}, kNotPriced});
  }
  query.dominance = compare(query.members, accesses);
  query.priced = priced_by(query, accesses);
  // Leaves are found among whole ways to read a relation only; of a thousand statements the rest is
  // megabytes.
  std::erase_if(accesses, [](const AccessCost& access) { return access.relation < 0; });
  accesses.shrink_to_fit();
  query.accesses = std::move(accesses);
  for (Record& record : query.records) {
    record.reach = reach_of(query, record.available);
    record.repriced = RepricedPlan(query.members, query.accesses, record.plan);
  }
}

bool PlanCache::serves_as_well(int query, int wide, int narrow) const {
  const std::vector<CandidateSet>& no_better = queries_[static_cast<std::size_t>(query)].dominance.no_better;
  const int place = place_of(query, wide);
  return place >= 0 && !no_better.empty() &&
         (no_better[static_cast<std::size_t>(place)] & bit(query, narrow)) != 0;
}

CandidateSet PlanCache::reach_of(const Query& query, CandidateSet set) {
  if (query.dominance.no_better.empty()) return set;
  CandidateSet reach = set | query.dominance.useless;
  for (; set != 0; set &= set - 1)
    reach |= query.dominance.no_better[static_cast<std::size_t>(std::countr_zero(set))];
  return reach;
}

// What a plan uses if of its indexes only those in the set are there, and others stand in for the rest.
CandidateSet PlanCache::stand_ins(const Query& query, CandidateSet used, CandidateSet set) {
  CandidateSet result = used & set;
  for (CandidateSet missing = used & ~set; missing != 0; missing &= missing - 1) {
    const CandidateSet bit = missing & ~(missing - 1);
    for (CandidateSet left = set; left != 0; left &= left - 1) {
      const int place = std::countr_zero(left);
      if ((query.dominance.no_better[static_cast<std::size_t>(place)] & bit) == 0) continue;
      result |= CandidateSet{1} << place;
      break;
    }
  }
  return result;
}

std::vector<int> PlanCache::candidates_of(int query, CandidateSet set) const {
  std::vector<int> candidates;
  const std::vector<int>& members = this->members(query);
  for (; set != 0; set &= set - 1)
    candidates.push_back(members[static_cast<std::size_t>(std::countr_zero(set))]);
  std::sort(candidates.begin(), candidates.end());
  return candidates;
}

PlanCache::Known PlanCache::cheapest(int query, CandidateSet set) const {
  const Bounds found = bounds(query, set);
  return {found.used, found.upper, found.overcharge};
}

// What is said in the planner's name was said by it, about these candidates or ones that stand in for them.
PlanCache::Known PlanCache::cheapest_planned(int query, CandidateSet set) const {
  const Query& entry = queries_[static_cast<std::size_t>(query)];
  const CandidateSet reach = reach_of(entry, set);
  Known known{0, std::numeric_limits<double>::infinity(), 0};
  for (const Record& record : entry.records) {
    if (within(record.used, reach) && record.cost < known.cost)
      known = {stand_ins(entry, record.used, set), record.cost, record.overcharge};
  }
  return known;
}

std::vector<CandidateSet> PlanCache::used_sets(int query) const {
  std::vector<const Record*> records;
  for (const Record& record : queries_[static_cast<std::size_t>(query)].records)
    records.push_back(&record);
  std::stable_sort(records.begin(), records.end(),
                   [](const Record* a, const Record* b) { return a->cost < b->cost; });
  std::vector<CandidateSet> sets;
  for (const Record* const record : records) {
    if (std::find(sets.begin(), sets.end(), record->used) == sets.end()) sets.push_back(record->used);
  }
  return sets;
}

}  // namespace deal::index
