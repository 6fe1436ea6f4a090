/// Who is at work, for stamps.
#pragma once

#include <string>

namespace deal::server {

/// The user that the application has told in the setting deal_advisor.audit_context ({"user": "..."}), else
/// the role of the session: the one that logged in or that SET ROLE chose. A function that is SECURITY
/// DEFINER or acts as a table's owner doesn't hide it. Never fails. Valid until the next call.
const std::string& who();

}  // namespace deal::server
