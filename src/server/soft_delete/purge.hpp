/// Deleting marked rows for good.
#pragma once

#include <string>

#include "core/model/finding.hpp"

namespace deal::server {

/// Deletes rows that were marked longer ago than `older` (an interval's text), `batch` rows a transaction;
/// the triggers of the table and the actions of foreign keys are the server's. Rows that others refer to by
/// keys that forbid it stay, and are told of. Goes on from anywhere when called again. Commits: needs
/// require_own_transactions. Errors: 42704, 42501, 22023.
void purge_rows(ObjectId relation, const std::string& older, int64_t batch);

}  // namespace deal::server
