/// Switching stamps on and off.
#pragma once

#include <optional>
#include <string>

#include "core/model/finding.hpp"

namespace deal::server {

struct StampRequest {
  ObjectId relation = 0;
  /// Columns by the order of stamp::kParts; nothing: that part is not kept.
  std::optional<std::string> columns[4];
  std::string options;  ///< JSON object
};

/// Adds the columns that are missing and puts the triggers on the table and on tables that inherit from it;
/// what was done, in words. Called again it takes the new settings. Errors: 42501 not the owner, 42809 no
/// table, 0A000 a partition, or trust_insert false on a partitioned table, 22023 options, no column or one
/// named twice, 42804 a column's type, 428C9 a generated column, 55P03 locks.
std::string enable_stamp(const StampRequest& request);

/// Drops the triggers; columns stay. Errors: 42501, 42704 when there are none.
std::string disable_stamp(ObjectId relation);

}  // namespace deal::server
