/// Rows of later partitions on their way back to the old table.
#pragma once

#include <vector>

#include "core/partition/conversion.hpp"
#include "server/partition/convert_run.hpp"

namespace deal::server {

/// Throws 23505 if rows of these partitions have keys that the old table's unique indexes don't admit.
void refuse_broken_keys(ObjectId relation, ObjectId owner,
                        const std::vector<partition::KeptPartition>& partitions);

/// Tables that inherit from the table.
std::vector<ObjectId> children_of(ObjectId relation);

/// Moves all rows of the child to the table in batches, each in a transaction under locks that last for
/// milliseconds; then drops the child. Triggers of the user don't fire: for them nothing happens to the rows.
void move_rows(const ConversionRunner& runner, ObjectId relation, ObjectId child, int batch_rows,
               int pause_ms);

}  // namespace deal::server
