/// The settings that the module brings: deal_advisor.<noun>_<verb>.
#pragma once

#include <string>
#include <vector>

#include "server/bridge/call.hpp"

namespace pg {

/// Defines them. Called when the module is loaded, at the server's start or by a session.
void define_own_settings();

/// deal_advisor.maintenance_repeat: seconds between the begins of two runs of the scheduled worker in one
/// database, 0 for none; default 900. May be set for each database (ALTER DATABASE ... SET), by superusers.
int maintenance_repeat_s();

/// deal_advisor.databases_maintain: the databases that the scheduled worker visits, by name; "*" (default)
/// stands for all that allow connections and are no templates.
std::vector<std::string> databases_maintain();

/// deal_advisor.audit_context: what the application claims about its transaction, as audit_set_context writes
/// it; anybody may set it. Empty: nothing.
const char* audit_context();
/// Changes whenever that setting is set or put back.
uint64 audit_context_version();
/// deal_advisor.audit_claims: the name of the setting that holds the claims of a JSON web token as JSON;
/// PostgREST's by default.
const char* claims_setting_name();

}  // namespace pg
