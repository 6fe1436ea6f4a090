/// Switching soft deletes on and off.
#pragma once

#include <optional>
#include <string>

#include "core/model/finding.hpp"

namespace deal::server {

struct SoftDeleteRequest {
  ObjectId relation = 0;
  std::string deleted_at;
  std::optional<std::string> live_view;  ///< nothing: the table's name and _live; empty: none
  std::string options;                   ///< JSON object
};

/// Adds the column, the triggers, the live view and the partial unique indexes; what was done, in words.
/// Called again it takes the new settings, and looks for foreign keys that are new. Errors: 42501, 42809,
/// 0A000 a partition, a partition key, a UNIQUE constraint that can't be replaced, 22023 options, 42804 the
/// column's type, 55000 tables that would have to go along have no soft deletes, or an index too big to be
/// built here, 42P07 the view's name is taken, 42704 no such constraint, 55P03 locks.
std::string enable_soft_delete(const SoftDeleteRequest& request);

/// Drops the triggers; column, view and indexes stay. Errors: 42501, 42704 when there are none.
std::string disable_soft_delete(ObjectId relation);

}  // namespace deal::server
