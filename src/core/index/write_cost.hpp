/// What keeping indexes costs the statements that write.
#pragma once

#include <vector>

#include "core/index/search.hpp"

namespace deal::index {

/// The planner's cost settings that the model needs.
struct CostSettings {
  double random_page_cost = 4;
  double cpu_index_tuple_cost = 0.005;
  double cpu_operator_cost = 0.0025;
};

/// An entry measured against a look-up of one row by the same kind of index, in CPU time with its share of
/// VACUUM and WAL, beside the same two by this model: bench/write_cost prints both.
constexpr double kEntryFactor = 1.6;

/// An entry of GIN beside one of a B-tree: with fastupdate, entries wait in a list and go in together,
/// sorted.
constexpr double kPendingEntry = 0.25;
/// A row of BRIN beside an entry of a B-tree: most rows change no summary. bench/write_cost measures both.
constexpr double kRangeEntry = 0.02;

/// Cost, in the planner's unit, of one new entry in a B-tree of this height (root_level 0: one leaf): the
/// descent as btcostestimate charges it (50 operators a level), the entry itself, and one page, which is
/// dirtied, logged, and visited again by VACUUM; all times kEntryFactor.
inline double entry_cost(int root_level, const CostSettings& settings) {
  constexpr double kOperatorsPerLevel = 50;
  return kEntryFactor * ((root_level + 1) * kOperatorsPerLevel * settings.cpu_operator_cost +
                         settings.cpu_index_tuple_cost + settings.random_page_cost);
}

/// An index that ends heap-only updates must save this many times what that costs, in the indexes that are
/// there and in itself; an index that joins afterwards pays its own entries once. The statement that loses
/// is frequent and gets slower by a multiple, for certain and by as much as the table has indexes; and what
/// follows (tables and indexes that grow between vacuums, WAL that standbys have to replay) no workload
/// shows.
constexpr double kHeapOnlyWorth = 5;

/// What the workload's writes cost under a selection of new indexes, beyond what they cost today. Follows the
/// selection by additions and removals; the problem must outlive it.
class WriteBill {
 public:
  explicit WriteBill(const Problem& problem);

  /// As expected.
  double cost() const { return cost_; }
  /// As the search weighs it: heap-only updates lost count kHeapOnlyWorth times.
  double charge() const { return charge_; }
  /// What charge() would be after a change; each candidate to add must be out, each to remove in.
  double charge_after(const std::vector<int>& add, const std::vector<int>& remove);
  void change(const std::vector<int>& add, const std::vector<int>& remove);

 private:
  /// What is chosen of one load's table.
  struct Entries {
    double cost = 0;           // of one entry in each chosen index
    int breakers = 0;          // chosen candidates that end heap-only updates
    double breakers_cost = 0;  // of one entry in each of these
  };

  const std::vector<int>& loads_of(int candidate) const;
  void note(int candidate, int sign);
  static Entries sum(const Entries& a, const Entries& b);
  static double price(const WriteLoad& load, const Entries& entries, double worth);

  const Problem* problem_;
  std::vector<std::vector<int>> loads_of_table_;
  std::vector<Entries> entries_;  // by load
  std::vector<Entries> changes_;  // scratch: what a change adds, by load
  std::vector<int> changed_;      // scratch: the loads it concerns
  double cost_ = 0;
  double charge_ = 0;
};

}  // namespace deal::index
