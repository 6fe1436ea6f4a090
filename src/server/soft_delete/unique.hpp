/// UNIQUE constraints of tables with soft deletes, which must not count deleted rows.
#pragma once

#include <string>
#include <vector>

#include "core/soft_delete/soft_delete.hpp"
#include "server/catalog/user_table.hpp"

namespace deal::server {

/// What takes the place of a constraint. An index that is there already, valid and with the same definition,
/// is taken. Errors: 42704 no such constraint, 22023 not UNIQUE, 0A000 deferrable or referred to by a foreign
/// key, 55000 with the statement for CONCURRENTLY in the HINT when the table is bigger than `most_bytes`.
soft_delete::UniqueReplacement replacement_of(const UserTable& table, const std::string& constraint,
                                              const std::string& mark, int64_t most_bytes);

}  // namespace deal::server
