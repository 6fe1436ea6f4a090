/// Bringing rows back.
#pragma once

#include <string>

#include "core/model/finding.hpp"

namespace deal::server {

/// Brings the marked row with this key back, and the rows that went with it: how many, itself among them.
/// `key` is a JSON object of the primary key's columns; of a table without one, of any columns. Who may act
/// as the owner does it with the owner's rights, others with their own. Errors: 42704 no soft deletes; 22023
/// the key; P0002 no deleted row has it; 21000 several have; 23505, 23503 as any UPDATE; 42501.
int64_t restore_row(ObjectId relation, const std::string& key);

}  // namespace deal::server
