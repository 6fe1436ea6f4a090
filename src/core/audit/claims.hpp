/// Who an application says is acting.
#pragma once

#include <optional>
#include <string>

namespace deal::audit {

/// What a transaction claims about itself; texts are as the application gave them, nothing is verified.
struct Claims {
  std::optional<std::string> user;
  std::optional<std::string> context;  ///< a JSON object
};

/// Reads the setting deal_advisor.audit_context ({"user": ..., "context": {...}}) and the claims of a JSON
/// web token (its "sub" is the user unless the setting names one; of the others only "role" and
/// "session_id" are kept, in the context under "claims"). Empty texts are none. Never throws for what an
/// application set: text that is no such JSON is kept as {"invalid": "..."}, at most 200 bytes of it.
Claims read_claims(const std::string& setting, const std::string& token_claims);

/// The setting's text for a user and a context (a JSON object); either may be missing.
std::string claims_setting(const Claims& claims);

}  // namespace deal::audit
