/// From a statement's text to something the planner takes, with the statement's own rights.
#pragma once

#include "core/model/workload.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/settings.hpp"
#include "server/workload/parse.hpp"
#include "server/workload/trusted_functions.hpp"

struct Query;
struct ParamListInfoData;

namespace deal::server {

/// A statement ready for the planner. Pointers live in the memory context current at `prepare`.
struct PreparedQuery {
  Query* query;                ///< analysed and rewritten; the planner scribbles on it, so plan a copy
  const char* text;            ///< the text that was analysed (after repair)
  int parameters;              ///< number of $n parameters
  const Oid* types = nullptr;  ///< their types; 0 where the number is not used
  int guessed = 0;             ///< how many of these the text did not determine: found by trial, or text
  ParamListInfoData* arguments = nullptr;  ///< values to plan with; null: none, the plan is generic
  const char* variables = nullptr;         ///< names taken for variables of PL/pgSQL, as a list; null: none
};

/// The scope in which a statement's text is read and planned: its role (security-restricted, also when that
/// is the caller), read only, and what decides how the role's sessions read and plan: its search_path and
/// planner settings, as ALTER ROLE and ALTER DATABASE stored them; never the caller's search_path for another
/// role. A superuser's rights are not lent to functions of others. Open it inside a subtransaction that is
/// rolled back. Raises 42501 when the caller may not act as the role.
class StatementScope {
 public:
  explicit StatementScope(const Statement& statement);

 private:
  pg::ReadOnly read_only_;
  TrustedFunctions trusted_;
  std::optional<pg::LocalSettings> settings_;
  std::optional<pg::AsRole> role_;
};

/// Parses, repairs where normalisation broke the text, analyses and rewrites one statement in the current
/// scope. PREPARE, DECLARE CURSOR, EXPLAIN, CREATE TABLE AS, SELECT INTO and COPY (query) TO give the query
/// inside. Several statements, other utility commands and rules that make several queries or none are errors
/// (0A000), a hidden text is one (42501); the server's own errors come as they are.
/// In PL/pgSQL a name that no column of the tables in scope has is a variable: it becomes a parameter, and
/// `variables` says so. When that gives no query either, the error about the name is thrown.
PreparedQuery prepare(const std::string& sql, Dialect dialect);

/// What had to be assumed to get the statement ready, for the one who asked; empty: nothing.
std::string assumptions_of(const PreparedQuery& prepared);

}  // namespace deal::server
