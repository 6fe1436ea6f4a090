#pragma once

#include <string>

#include "core/partition/set.hpp"

namespace deal::partition {

/// The statement that makes the same set again: SELECT deal_advisor.partition_enable(...), with everything
/// that differs from the defaults. Not the anchor: the partitions that are there show it.
std::string enable_call(const Set& set);

}  // namespace deal::partition
