/// Values for parameters that a column is compared with: bounds on one side, and equalities.
#pragma once

#include <cstdint>

#include "server/bridge/pg.hpp"

extern "C" {
#include "nodes/params.h"
#include "nodes/parsenodes.h"
}

namespace deal::server {

enum class Side : std::int8_t { below = -1, equal = 0, above = 1 };

/// One comparison of a column by its type's B-tree order: `observed_at >= $1` is above $1.
struct Bound {
  const RangeTblEntry* table;
  const Var* column;
  const Param* param;  ///< what it is compared with; null for anything else
  Side side;
};

/// Fills in the bound if the operator with these arguments is one. Runs inside pg::call.
bool read_bound(const OpExpr* op, const Query* query, Bound* bound);

/// Gives a value to each open parameter that alone bounds its column, and returns how many. A generic plan
/// takes a third of the rows to pass, whatever is asked for. `variant` from 0: half of the rows pass, a
/// tenth, a hundredth, by the column's histogram. Two bounds on one column stay open: for these a generic
/// plan takes half a percent, which is as good a guess as any. Runs inside pg::call.
int bind_ranges(const List* bounds, ParamListInfo arguments, int variant);

/// Gives a value to each open parameter that its column must equal, if the column's values differ much in
/// frequency, and returns how many. A generic plan takes all to be equally frequent. `variant` from 0: the
/// most frequent value, a usual one, a rare one. Runs inside pg::call.
int bind_equalities(const List* bounds, ParamListInfo arguments, int variant);

}  // namespace deal::server
