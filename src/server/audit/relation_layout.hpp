/// The present shape of an audited relation, and its place in the log.
#pragma once

#include "server/audit/log_config.hpp"

namespace deal::server {

/// The audited table that a relation belongs to: the top of its partitions, or the table of the log's row
/// that it inherits from; else itself.
Oid root_of(Oid relation, const AuditedTable& table);

/// A relation's columns as they are now, without identities.
audit::Layout read_layout(Oid relation);

/// Gives a relation's columns (of read_layout) their identities: those of its earlier layout, of one of the
/// table before a dump, or (null) their numbers.
void identify_columns(audit::Layout& current, Oid relation, const StoredLayout* earlier);

/// A layout that the log has.
struct RecordedLayout {
  audit::Layout layout;
  bool is_new;  ///< written just now
};

/// The number under which the log has the present shape of `relation`, a part of the table at `root`; written
/// there unless it is known. Also notes where the table has another name, owner or incarnation than the log
/// says.
RecordedLayout record_layout(const LogConfig& config, const AuditedTable& table, Oid root, Oid relation);

/// The log's row for a table as it should be: present names and incarnation.
AuditedTable present(AuditedTable table, Oid root);

}  // namespace deal::server
