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

/// Until the transaction ends, waits for locks are examined after 10 ms instead of the server's
/// deadlock_timeout (which only superusers may set): an autovacuum in the way is cancelled then, as it is by
/// everybody who waits longer than we do; else a short lock_timeout would never get past a long vacuum. A
/// deadlock is our error, to be tried again.
void examine_lock_waits_early();

/// Gives a leaf of the table that was just attached to `parent` the parent's identity columns. From
/// PostgreSQL 17 on partitions have these; ATTACH gives them to the attached table alone, and DETACH then
/// fails on its leaves.
void share_identity(ObjectId parent, ObjectId leaf);

}  // namespace deal::server
