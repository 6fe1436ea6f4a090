/// Statements of a background worker, executed as a client's top-level commands would be: those that refuse
/// to run inside a function or a transaction block work, and procedures may commit.
#pragma once

#include "server/bridge/call.hpp"

extern "C" {
struct Query;
}

namespace pg {

/// Looks at a statement after its names were resolved and before it is run; refuses it with fail_in_call.
using InspectStatement = void (*)(const Query& query);

/// Executes one statement in a transaction (or transactions) of its own. Outside any transaction, inside
/// `call`. After an error the process must end. Errors: 42601 unless the text is one statement; those of the
/// statement.
void run_top_level(const char* sql, InspectStatement inspect = nullptr);

}  // namespace pg
