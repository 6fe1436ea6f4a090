#include "server/index/row_expressions.hpp"

extern "C" {
#include "access/table.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

/// Owner of the table: whose code index expressions are.
Oid owner_of(Oid table) {
  return pg::call([&] {
    Relation const relation = table_open(table, NoLock);
    Oid const owner = relation->rd_rel->relowner;
    table_close(relation, NoLock);
    return owner;
  });
}

}  // namespace

DefinitionScope::DefinitionScope(Oid table) {
  Oid const owner = owner_of(table);
  if (pg::may_assume(pg::current_role(), owner)) as_owner_.emplace(owner);
  if (PG_VERSION_NUM >= 170000) settings_.set("search_path", "pg_catalog, pg_temp");
}

Evaluation evaluate(Oid oid, HeapTuple* rows, int count, Expr* expression) {
  Relation const table = table_open(oid, NoLock);
  EState* const state = CreateExecutorState();
  ExprContext* const context = GetPerTupleExprContext(state);
  TupleTableSlot* const slot = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsHeapTuple);
  context->ecxt_scantuple = slot;
  ExprState* const prepared = ExecPrepareExpr(expression, state);
  int16 length = 0;
  bool by_value = false;
  get_typlenbyval(exprType(reinterpret_cast<Node*>(expression)), &length, &by_value);
  Evaluation result{static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<size_t>(count + 1))),
                    static_cast<bool*>(palloc(sizeof(bool) * static_cast<size_t>(count + 1)))};
  for (int row = 0; row < count; ++row) {
    CHECK_FOR_INTERRUPTS();
    ExecStoreHeapTuple(rows[row], slot, false);
    Datum const value = ExecEvalExprSwitchContext(prepared, context, &result.nulls[row]);
    result.values[row] = result.nulls[row] ? Datum{0} : datumCopy(value, by_value, length);
    ResetExprContext(context);
  }
  ExecDropSingleTupleTableSlot(slot);
  FreeExecutorState(state);
  table_close(table, NoLock);
  return result;
}

}  // namespace deal::server
