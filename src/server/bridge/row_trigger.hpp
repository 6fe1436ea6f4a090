/// What a row trigger's function is told, and what it may find out about the triggers beside it.
#pragma once

#include "server/bridge/arguments.hpp"

extern "C" {
#include "commands/trigger.h"
#include "utils/rel.h"
}

namespace pg {

/// The trigger that called. Errors: 39P01 when `function` was called otherwise, or not for each row.
const TriggerData& row_trigger(const Arguments& args, const char* function);

/// How many triggers are running now, this one included; as pg_trigger_depth() tells.
int trigger_depth();

/// The trigger of `relation` that calls the function `function`, has a column list and, if `argument` is not
/// null, that argument first; null if there is none. A column list is the one thing about a trigger that the
/// server keeps right through RENAME COLUMN, dump and restore, and in partitions with another layout: our
/// triggers say by it which columns they are about. Valid until the relation is closed. Cannot fail.
const Trigger* trigger_with_columns(Relation relation, Oid function, const char* argument);

}  // namespace pg
