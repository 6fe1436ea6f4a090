/// The parts of the advice: by what a table could be split.
#pragma once

#include "core/partition/advice.hpp"

namespace deal::partition {

/// By range of its best time column, or of a number that old rows are deleted by; nothing when no column is
/// fit for it.
std::optional<AdviceRow> by_range(const AdviceTable& table);

/// By list or hash of a column that nearly every statement gives the value of; nothing when there is none.
std::optional<AdviceRow> by_value(const AdviceTable& table);

/// Keys that lack the column and foreign keys that refer to the table, as costs and blockers.
void add_key_costs(AdviceRow& row, const AdviceTable& table, std::size_t column);

/// What planning costs when nothing can be pruned.
void add_planning_cost(AdviceRow& row);

}  // namespace deal::partition
