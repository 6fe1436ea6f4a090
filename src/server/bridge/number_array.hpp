/// Arrays of 8-byte numbers as C++ values.
#pragma once

#include <optional>
#include <vector>

#include "server/bridge/call.hpp"

namespace pg {

/// The elements of a bigint[] or timestamptz[] (microseconds since 2000), nulls too. Errors: 2202E more than
/// one dimension.
std::vector<std::optional<int64_t>> number_array_of(Datum array);

}  // namespace pg
