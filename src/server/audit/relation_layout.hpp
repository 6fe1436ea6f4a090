/// The present shape of an audited relation, and its place in the log.
#pragma once

#include "server/audit/log_config.hpp"

namespace deal::server {

/// The partitioned table that a relation is a part of; itself if it is none. (An inheritance child is a root.)
Oid root_of(Oid relation);

/// A relation's columns as they are now, without identities.
audit::Layout read_layout(Oid relation);

/// A layout that the log has.
struct RecordedLayout {
  audit::Layout layout;
  bool is_new;  ///< written just now
};

/// The number under which the log has the present shape of `relation`, a part of the table at `root`; written
/// there unless it is known. Also notes where the table has another name, owner or incarnation than the log says.
RecordedLayout record_layout(const LogConfig& config, const AuditedTable& table, Oid root, Oid relation);

/// The log's row for a table as it should be: present names and incarnation.
AuditedTable present(AuditedTable table, Oid root);

}  // namespace deal::server
