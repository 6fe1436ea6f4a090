#pragma once

#include <string>
#include <vector>

namespace deal::audit {

/// How a table is audited, as far as audit_enable takes it.
struct EnableSettings {
  std::string table;  ///< quoted and qualified
  std::string mode = "jsonb";
  std::vector<std::string> ignored;
  std::vector<std::string> redacted;
  std::vector<std::string> hashed;
  bool truncate_rows = false;
  bool statement = false;
  bool insert_image = true;
  std::string fire = "always";
  std::string log_owner;  ///< not quoted; empty: the table's
  std::string options = "{}";
};

/// The statement that makes auditing as it was: SELECT deal_advisor.audit_enable(...), with everything that
/// differs from the defaults. Called with less, audit_enable would show what was to be hidden.
std::string enable_call(const EnableSettings& settings);

}  // namespace deal::audit
