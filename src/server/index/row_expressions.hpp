/// A definition's expressions over rows of its table: with whose rights they run, and what they give.
#pragma once

#include "server/bridge/role.hpp"
#include "server/bridge/settings.hpp"
#include "server/workload/trusted_functions.hpp"

extern "C" {
#include "access/htup.h"
#include "nodes/primnodes.h"
}

namespace deal::server {

/// The rights with which a definition's expressions run over the table's rows: the owner's, as CREATE INDEX
/// does, if the current role could act as the owner anyway; else its own. The definition is the caller's
/// text, so nobody may borrow the owner's rights by it; and a superuser must not lend his to the owner's
/// functions. Read only; settings that the functions change are put back; from PostgreSQL 17 on under the
/// search_path of CREATE INDEX and ANALYZE. Open it inside a subtransaction that is rolled back.
class DefinitionScope {
 public:
  explicit DefinitionScope(Oid table);

 private:
  pg::ReadOnly read_only_;
  TrustedFunctions trusted_;
  std::optional<pg::AsRole> as_owner_;
  pg::LocalSettings settings_;
};

/// What one expression gives for each of some rows.
struct Evaluation {
  Datum* values;
  bool* nulls;
};

/// Evaluates an expression over rows of the table (variables with range-table number 1). Runs inside
/// pg::call; the results, copied, are in the current memory context.
Evaluation evaluate(Oid table, HeapTuple* rows, int count, Expr* expression);

}  // namespace deal::server
