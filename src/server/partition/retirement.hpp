/// Retirements that take more than one transaction. DETACH ... CONCURRENTLY commits by itself, so what was to
/// follow it (drop, archive, export) is noted before, and carried out by the next maintenance if this one is
/// cut off. Notes are rows of deal_advisor_data.partition_retirement.
#pragma once

#include <vector>

#include "core/partition/plan.hpp"
#include "server/partition/sets.hpp"

namespace deal::server {

/// The detach of this partition is about to begin, the rest to follow. In the current transaction: commit
/// after it.
void note_retirement(const StoredSet& stored, const partition::Action& action);

/// What failed was the detach: forgets the note, unless the partition is left "detach pending".
void forget_unless_pending(const partition::Action& action);

/// The detach is done: from now on the partition is a table that is there to be retired.
void note_detached(const partition::Action& action);

/// The retirement is done. Does nothing if none was noted.
void forget_retirement(const partition::Action& action);

/// Marks the situation's pending partitions whose detach was maintenance's own, and returns what is left to
/// do with those whose detach was finished. Only what is still past the set's retention; a user's own detach
/// is never taken for ours.
std::vector<partition::Action> recall_retirements(const StoredSet& stored, partition::Situation& situation);

}  // namespace deal::server
