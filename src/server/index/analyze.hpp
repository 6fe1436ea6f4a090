/// Statistics of values, computed and stored as ANALYZE does it.
#pragma once

#include "server/bridge/call.hpp"

extern "C" {
#include "access/htup.h"
#include "nodes/nodes.h"
}

namespace deal::server {

/// Values of one expression of a table's rows, in the rows' physical order.
struct ExpressionValues {
  Node* expression;  ///< gives their type
  Oid collation;     ///< invalid: that of the expression
  Datum* values;
  bool* nulls;
  int count;
  double total;  ///< how many the whole table has
};

/// A row of pg_statistic for the values, in the context `keep`; null when their type has no statistics. Runs
/// inside pg::call, and runs the type's functions: open a DefinitionScope around it. What it needs meanwhile
/// is left in the current memory context.
HeapTuple analyze_values(const ExpressionValues& values, MemoryContext keep);

/// Rows that ANALYZE would sample of the table: 300 times the largest statistics target of its columns. Runs
/// inside pg::call.
int analyzed_rows(Oid table);

}  // namespace deal::server
