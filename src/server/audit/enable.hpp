/// Switching auditing on and off.
#pragma once

#include <string>
#include <vector>

#include "core/model/finding.hpp"

namespace deal::server {

/// The arguments of audit_enable.
struct AuditRequest {
  ObjectId relation = 0;
  std::string mode = "jsonb";
  std::vector<std::string> ignored;
  std::vector<std::string> redacted;
  std::vector<std::string> hashed;
  bool baseline = false;
  bool truncate_rows = false;
  bool statement = false;
  bool insert_image = true;
  std::string fire = "always";
  std::string log_owner;  ///< empty: the table's owner
  std::string options = "{}";
};

/// Records every change of a table from now on: makes the log unless it is there, notes how, and puts the
/// triggers in place, in the caller's transaction. Called again, it changes the settings and mends what is
/// missing. What was done, in words. Errors: 42501 not the owner, or a log of somebody else; 42809 no table,
/// a partition, a log; 55000 no key; 42703, 22023 columns and options; 0A000 a temporary or distributed
/// table; 55P03 the lock could not be had.
std::string enable_audit(const AuditRequest& request);

/// Takes the triggers away; the log stays. Errors: 42704 not audited; 42501.
std::string disable_audit(ObjectId relation);

}  // namespace deal::server
