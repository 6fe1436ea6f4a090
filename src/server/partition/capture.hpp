/// The trigger that notes which rows of a partition change while its rows are copied.
#pragma once

#include "server/bridge/arguments.hpp"

namespace deal::server {

/// AFTER ROW trigger: writes the key of the old row, and that of the new row where it differs, to the table
/// that the trigger's arguments name (schema, table, attribute numbers of the key). That table must belong to
/// the owner of the triggering table and have just these columns; else nothing is written, and no write ever
/// fails for it: the move finds out and begins anew. Errors: 39P01 when it is not called as such a trigger.
void capture_change(const pg::Arguments& args);

}  // namespace deal::server
