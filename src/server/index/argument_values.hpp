/// What a search would ask for, made of a value that it should find.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "nodes/primnodes.h"
}

namespace deal::server {

/// True for the operators whose right side is worth a value: like, ilike, jsonb @>, array @> and &&, @@.
bool wants_value(Oid op);

/// The right side of `op` that finds `value`; 0 if there is none (an empty document). `narrowness` from 0:
/// the higher, the fewer rows pass. Runs inside pg::call.
Datum argument_for(Oid op, const Const* value, int narrowness);

/// The words in it, without wildcards, as text: what `$1` is in `like $1 || '%'` or
/// `@@ websearch_to_tsquery($1)`. 0 for operators that look for no words. Runs inside pg::call.
Datum words_for(Oid op, const Const* value, int narrowness);

}  // namespace deal::server
