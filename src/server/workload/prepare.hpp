/// From a statement's text to something the planner takes, with the statement's own rights.
#pragma once

#include "core/model/workload.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/settings.hpp"

struct Query;

namespace deal::server {

/// A statement ready for the planner. Pointers live in the memory context current at `prepare`.
struct PreparedQuery {
  Query* query;      ///< analysed and rewritten; the planner scribbles on it, so plan a copy
  const char* text;  ///< the text that was analysed (after repair)
  int parameters;    ///< number of $n parameters
};

/// The scope in which a statement's text is read and planned: its role (security-restricted), its
/// search_path, read only. Open it inside a subtransaction. Raises 42501 when the caller may not act as the
/// role.
class StatementScope {
 public:
  explicit StatementScope(const Statement& statement);

 private:
  pg::ReadOnly read_only_;
  std::optional<pg::LocalSettings> settings_;
  std::optional<pg::AsRole> role_;
};

/// Parses, repairs where normalisation broke the text, analyses and rewrites one statement in the current
/// scope. Several statements, utility commands and rules that make several queries are errors (0A000);
/// the server's own errors come as they are.
PreparedQuery prepare(const std::string& sql);

}  // namespace deal::server
