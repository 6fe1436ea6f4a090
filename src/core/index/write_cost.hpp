/// What keeping an index costs the statements that write.
#pragma once

namespace deal::index {

/// The planner's cost settings that the model needs.
struct CostSettings {
  double random_page_cost = 4;
  double cpu_index_tuple_cost = 0.005;
  double cpu_operator_cost = 0.0025;
};

/// Cost, in the planner's unit, of one new entry in a B-tree of this height (root_level 0: one leaf): the
/// descent as btcostestimate charges it (50 operators a level), the entry itself, and a share of a page
/// written: a leaf is dirtied by many entries before a checkpoint writes it once, and its WAL record is
/// small.
inline double entry_cost(int root_level, const CostSettings& settings) {
  constexpr double kOperatorsPerLevel = 50;
  return (root_level + 1) * kOperatorsPerLevel * settings.cpu_operator_cost + settings.cpu_index_tuple_cost +
         settings.random_page_cost;
}

}  // namespace deal::index
