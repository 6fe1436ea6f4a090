/// The view of live rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/catalog/user_table.hpp"

namespace deal::server {

/// Statements that make the view, or make it anew over the one that is there; that give who may read and
/// write the table the same rights on it (row security and the table's own rights count all the same), and
/// the trigger by which DELETE on it counts rows, if the table has a primary key. Empty if `name` says none.
/// Errors: 42P07 when something else has that name.
std::vector<std::string> live_view_statements(const UserTable& table, const std::string& mark,
                                              const std::optional<std::string>& name);

/// DROP TRIGGER for the triggers of views on this table.
std::vector<std::string> drop_view_triggers(const UserTable& table);

/// The view's name, quoted with its schema; empty if none is wanted.
std::string live_view_name(const UserTable& table, const std::optional<std::string>& name);

}  // namespace deal::server
