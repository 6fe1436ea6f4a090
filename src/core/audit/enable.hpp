/// What a call of audit_enable asks for, and the statements that put its triggers in place.
#pragma once

#include <string>
#include <vector>

#include "core/audit/layout.hpp"

namespace deal::audit {

/// Names of the triggers, not quoted: they sort before those of foreign keys and of most users, so that
/// versions of a row are recorded in the order in which they arose.
constexpr const char* kRowTrigger = "00_deal_audit";
constexpr const char* kTruncateTrigger = "00_deal_audit_truncate";

/// When triggers fire, by session_replication_role.
enum class Firing { always, origin };
/// Errors: 22023 for other words than always and origin.
Firing parse_firing(const std::string& text);

/// One relation's part of the triggers.
struct TriggerPlace {
  std::string relation;  ///< quoted, qualified
  bool row = true;       ///< a row trigger of its own; partitions have their table's
};

/// CREATE OR REPLACE TRIGGER and ALTER TABLE ... ENABLE for each place.
std::vector<std::string> trigger_statements(const std::vector<TriggerPlace>& places, const std::string& log,
                                            int table, Firing firing);
/// Their DROP TRIGGER.
std::vector<std::string> drop_statements(const std::vector<TriggerPlace>& places);

/// The columns that a request names, by what becomes of their values.
struct RequestedTreatment {
  std::vector<std::string> ignored;
  std::vector<std::string> redacted;
  std::vector<std::string> hashed;
};

/// Puts that into the layout, in place of what it said before. `keys`: names of the key columns. Errors:
/// 42703 unknown column; 22023 a column named twice, or a key column that would be hidden.
void apply_treatment(Layout& layout, const RequestedTreatment& request, const std::vector<std::string>& keys);

}  // namespace deal::audit
