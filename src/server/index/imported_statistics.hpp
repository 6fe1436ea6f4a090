/// From pg_stats back to pg_statistic.
#pragma once

#include "server/index/imported.hpp"

namespace deal::server {

/// The row of pg_statistic that shows as these figures; in the current memory context. Raises the server's
/// errors for values that the column's type does not take. Runs inside pg::call, under the settings that the
/// values were written with (portable_output).
HeapTuple statistics_row(Oid relation, const ImportedColumn& column);

}  // namespace deal::server
