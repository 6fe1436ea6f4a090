#include "core/index/write_cost.hpp"

#include <algorithm>

namespace deal::index {

WriteBill::WriteBill(const Problem& problem)
    : problem_(&problem), entries_(problem.writes.size()), changes_(problem.writes.size()) {
  std::int32_t most = -1;
  for (const CandidateIndex& candidate : problem.candidates)
    most = std::max(most, candidate.table);
  loads_of_table_.resize(static_cast<std::size_t>(most) + 1);
  for (std::size_t load = 0; load < problem.writes.size(); ++load) {
    const std::int32_t table = problem.writes[load].table;
    if (table >= 0 && table <= most)
      loads_of_table_[static_cast<std::size_t>(table)].push_back(static_cast<int>(load));
  }
}

const std::vector<int>& WriteBill::loads_of(int candidate) const {
  return loads_of_table_[static_cast<std::size_t>(
      problem_->candidates[static_cast<std::size_t>(candidate)].table)];
}

void WriteBill::note(int candidate, int sign) {
  for (const int load : loads_of(candidate)) {
    if (std::find(changed_.begin(), changed_.end(), load) == changed_.end()) changed_.push_back(load);
    Entries& change = changes_[static_cast<std::size_t>(load)];
    const std::vector<int>& breakers = problem_->writes[static_cast<std::size_t>(load)].breakers;
    const double entry = sign * problem_->candidates[static_cast<std::size_t>(candidate)].entry_cost;
    change.cost += entry;
    if (!std::binary_search(breakers.begin(), breakers.end(), candidate)) continue;
    change.breakers += sign;
    change.breakers_cost += entry;
  }
}

WriteBill::Entries WriteBill::sum(const Entries& a, const Entries& b) {
  return {a.cost + b.cost, a.breakers + b.breakers, a.breakers_cost + b.breakers_cost};
}

double WriteBill::price(const WriteLoad& load, const Entries& entries, double worth) {
  double cost = (1 - load.heap_only) * entries.cost;
  if (entries.breakers > 0) {
    const double lost = load.entries_today + entries.breakers_cost;
    cost += load.heap_only * (worth * lost + entries.cost - entries.breakers_cost);
  }
  return load.rows * cost;
}

double WriteBill::charge_after(const std::vector<int>& add, const std::vector<int>& remove) {
  if (entries_.empty()) return charge_;
  for (const int candidate : add)
    note(candidate, 1);
  for (const int candidate : remove)
    note(candidate, -1);
  double charge = charge_;
  for (const int load : changed_) {
    const auto at = static_cast<std::size_t>(load);
    const Entries after = sum(entries_[at], changes_[at]);
    charge += price(problem_->writes[at], after, kHeapOnlyWorth) -
              price(problem_->writes[at], entries_[at], kHeapOnlyWorth);
    changes_[at] = {};
  }
  changed_.clear();
  return charge;
}

void WriteBill::change(const std::vector<int>& add, const std::vector<int>& remove) {
  if (entries_.empty()) return;
  for (const int candidate : add)
    note(candidate, 1);
  for (const int candidate : remove)
    note(candidate, -1);
  for (const int load : changed_) {
    const auto at = static_cast<std::size_t>(load);
    entries_[at] = sum(entries_[at], changes_[at]);
    changes_[at] = {};
  }
  changed_.clear();
  cost_ = 0;
  charge_ = 0;
  for (std::size_t load = 0; load < entries_.size(); ++load) {
    cost_ += price(problem_->writes[load], entries_[load], 1);
    charge_ += price(problem_->writes[load], entries_[load], kHeapOnlyWorth);
  }
}

}  // namespace deal::index
