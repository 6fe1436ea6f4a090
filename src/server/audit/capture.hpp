/// The audit trigger.
#pragma once

#include "server/bridge/arguments.hpp"

namespace deal::server {

/// Records one change of an audited table: called AFTER each row that INSERT, UPDATE or DELETE changed, and
/// BEFORE TRUNCATE. The trigger's arguments are the schema of the log and the table's number there. A log
/// that is gone or broken never makes the write fail: a WARNING says so. Errors: 39P01 when called otherwise.
void record_audited_change(const pg::Arguments& args);

/// Records the rows that a relation with the audit trigger has now, as its baseline; how many. A
/// partitioned table itself has none.
int64_t record_baseline_of(Oid relation);

/// Makes the present shape of a relation with the audit trigger known to its log; false where nothing can be
/// recorded, which a WARNING says.
bool record_layout_of(Oid relation);

}  // namespace deal::server
