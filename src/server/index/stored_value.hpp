/// What a table holds, one value at a time.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "nodes/primnodes.h"
}

namespace deal::server {

/// True if the current role may read the column, and row security doesn't choose the rows. Runs inside
/// pg::call.
bool may_see(Oid table, AttrNumber attno);

/// The column's value in a row `position` (0 to 1) of the way through the table (through its partitions, then
/// through the partition), or in one of the next rows if it is NULL there. Null if there is none near, or the
/// table is no heap that can be read here. Checks no privileges. The value, perhaps toasted, lives in the
/// current memory context. Runs inside pg::call.
Const* stored_value(Oid table, AttrNumber attno, double position);

}  // namespace deal::server
