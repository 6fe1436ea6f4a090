/// What a change of an audited table's definition did, for the log.
#pragma once

#include <string>
#include <vector>

#include "core/audit/layout.hpp"

namespace deal::audit {

/// What became of a table's columns, for people: "price: integer became bigint". By identity, so that a
/// column that was renamed is told from one that was dropped and another that was added.
std::vector<std::string> column_changes(const Layout& before, const Layout& after);
/// The same as a JSON array.
std::string changes_json(const std::vector<std::string>& changes);

}  // namespace deal::audit
