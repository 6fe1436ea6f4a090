/// Whether the tables of alerts may be read, and watches written, past the executor.
#pragma once

#include <optional>
#include <string>

#include "server/marketplace/match_tables.hpp"

namespace deal::server {

/// Finds the tables by name; false if one is missing.
bool find_match_tables(const std::string& schema, MatchTables& tables);

/// What is in the way: rights, row security that isn't ours, what is no ordinary table, what the executor
/// would have to see to when watches are written. The tables are locked. Empty: nothing.
std::optional<std::string> check_match(const std::string& schema, int64_t tenant);

}  // namespace deal::server
