/// What is left of a statement without its constants.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace deal::server {

/// A copy of the analysed query with every constant made NULL and lists of constants cut to one: statements
/// with equal() shapes differ in constants only. Lives in the current memory context. Runs inside pg::call.
Query* shape_of(Query* query);

}  // namespace deal::server
