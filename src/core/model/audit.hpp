/// How tables are audited and how their logs fare: part of the catalog model.
#pragma once

#include <cstdint>
#include <string>

namespace deal {

/// An audited table that the caller may know of: a row of deal_advisor.audit_status().
struct AuditedState {
  int table = 0;            ///< its position
  std::string state;        ///< ok, disabled, missing, off, origin only, partly, gone, overflow
  std::string detail;       ///< in words
  std::string log;          ///< schema of the log, not quoted
  std::string enable_call;  ///< the call of audit_enable that mends it; empty: the table is gone
};

/// An audit log that the caller may know of, with a table in the model.
struct AuditLogState {
  std::string schema;    ///< not quoted
  std::string identity;  ///< of its events' table, quoted as in SQL
  std::string owner;     ///< role, not quoted
  std::uint32_t owner_oid = 0;
  bool owner_of_tables = false;  ///< it owns one of the tables that are recorded there as well
  std::string owned_table;       ///< one of them
  std::int64_t overflow_rows = 0;
  std::int64_t ready_until = 0;  ///< microseconds since 1970 (UTC); 0: no partition
  std::int64_t last_sealed = 0;  ///< the same; 0: never
  bool enabled = false;          ///< a table is recorded there now
};

}  // namespace deal
