/// The trigger that stamps rows.
#pragma once

#include "server/bridge/arguments.hpp"

namespace deal::server {

/// BEFORE INSERT OR UPDATE ROW trigger, put on a table by core/stamp's create_triggers. An INSERT gets the
/// stamps that it doesn't bring along; an UPDATE can't change created_*, and gets new updated_* if any other
/// column changed. Once it is called rightly it never makes a write fail: with anything missing that it needs
/// it stamps less, or nothing. Errors: 39P01 when it is not called as such a trigger.
Datum stamp_row(const pg::Arguments& args);

}  // namespace deal::server
