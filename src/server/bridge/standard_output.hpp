/// Values as text that no session setting shapes: TimeZone UTC, DateStyle ISO, IntervalStyle postgres,
/// bytea_output hex, extra_float_digits 1. These functions are for code that runs inside pg::call and owns
/// nothing; their errors are the server's.
#pragma once

#include "server/bridge/pg.hpp"

struct pg_tz;

namespace pg {

/// What the type's output function gives. The settings change only as the C variables that output functions
/// read, which costs next to nothing; they are put back also when the function fails.
char* standard_output(FmgrInfo* output, Datum value);

/// The same under one setting more, which is set as SET LOCAL does, until the function returns.
char* standard_output_with(FmgrInfo* output, Datum value, const char* setting, const char* to);

/// Calls a function of one argument that may be anybody's code, with the settings set as SET LOCAL does. NULL
/// when the function returns it.
NullableDatum call_with_standard_settings(FmgrInfo* function, Datum value);

}  // namespace pg
