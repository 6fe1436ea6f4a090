/// Likely values for parameters whose operator makes a generic plan blind.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "nodes/params.h"
#include "nodes/parsenodes.h"
}

namespace deal::server {

/// Values, taken from the statistics of the columns they are compared with, for parameters of pattern and
/// containment operators: `name like $1` gets the beginning of a name, `title ilike $1` a part of one,
/// `attributes @> $1` one field, `tags && $1` one element, `body @@ $1` one word. Without a value the planner
/// assumes a fixed share of the rows and cannot use the beginning of a pattern at all. All other parameters
/// stay open, so that the plan is generic in them. Null when there is nothing to fill in.
///
/// Only columns that the current role may read, and that no row security guards, give values; expressions
/// around them are folded with the current role's rights, as planning does. Lives in the current memory
/// context. Runs inside pg::call.
ParamListInfo likely_arguments(Query* query, int parameters);

}  // namespace deal::server
