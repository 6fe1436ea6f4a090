/// A table that is to be audited, as the catalog has it.
#pragma once

#include <string>
#include <vector>

#include "core/audit/enable.hpp"
#include "server/bridge/call.hpp"

namespace deal::server {

/// What audit_enable must know of a table.
struct TableToAudit {
  Oid relation = InvalidOid;
  Oid owner = InvalidOid;
  std::string schema;  ///< not quoted
  std::string name;
  std::vector<std::string> key;  ///< columns of the primary key or the replica identity; empty: none
  std::vector<audit::TriggerPlace> places;  ///< the table, then its partitions and inheritance children
  std::vector<Oid> parts;                   ///< their OIDs

  std::string quoted() const;
};

/// Reads it and refuses what can't be audited. Errors: 42501 unless the caller may act as the owner; 42809 no
/// table, a partition, a table of a log or of the system; 0A000 temporary, foreign or distributed tables.
TableToAudit read_table_to_audit(Oid relation);

}  // namespace deal::server
