/// Likely values for parameters whose operator makes a generic plan blind.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "nodes/params.h"
#include "nodes/parsenodes.h"
}

namespace deal::server {

/// How many different calls of a statement are tried: a broad search, a usual one, a narrow one.
constexpr int kArgumentVariants = 3;

/// Values for parameters of pattern and containment operators, as a call of the statement might bind them:
/// made of what rows of the table hold in the column they are compared with. `name like $1` gets the
/// beginning of a name, `title ilike $1` a word of one, `attributes @> $1` some fields, `tags @> $1` some
/// elements, `body @@ $1` some words. Without a value the planner assumes a fixed share of the rows and
/// cannot use the beginning of a pattern at all. All other parameters stay open, so that the plan is generic
/// in them. Null when there is nothing to fill in.
///
/// Parameters that bound a column on one side get quantiles of it (see bind_ranges).
///
/// `variant`, 0 to kArgumentVariants - 1, chooses the row and how narrow the search is: a longer beginning,
/// more fields. A value that the statistics list would be taken for more frequent than others of its kind,
/// which is why rows are read; the middle of the statistics stands in where none can be (an empty table).
///
/// Only columns that the current role may read, and that no row security guards, give values; expressions
/// around them are folded with the current role's rights, as planning does. Lives in the current memory
/// context. Runs inside pg::call.
ParamListInfo likely_arguments(Query* query, int parameters, int variant);

/// Values for parameters that must equal a column some of whose values are much more frequent than others:
/// for variant 0 the most frequent, then a usual one, then a rare one. Null when there is no such parameter.
/// As above in everything else.
ParamListInfo skewed_arguments(Query* query, int parameters, int variant);

}  // namespace deal::server
