/// What moving rows needs of the server beyond SQL.
#pragma once

#include <string>
#include <vector>

#include "core/model/finding.hpp"

namespace deal::server {

/// Marks foreign keys of a table as valid without looking at its rows. Only for a table whose rows, under
/// locks that are held, are those of a table on which the same keys are valid.
void mark_foreign_keys_valid(ObjectId relation, const std::vector<std::string>& names);

/// Some transaction id that is not older than any write of this transaction so far.
std::uint32_t writing_transaction();

/// True while another session of this database holds a snapshot to which `transaction`'s writes are
/// invisible.
bool is_hidden_from_others(std::uint32_t transaction);

}  // namespace deal::server
