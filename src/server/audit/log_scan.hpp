/// Reading an audit log's relations row by row, each row as a hash.
#pragma once

#include <string>
#include <vector>

#include "core/audit/seal.hpp"
#include "server/audit/log_place.hpp"

extern "C" {
#include "utils/snapshot.h"
#include "utils/timestamp.h"
}

namespace deal::server {

/// SHA-256 of some bytes. Errors: the cryptographic library's, XX000.
audit::Digest sha256(std::string_view bytes);

/// One table that holds rows of the log: a partition, or an overflow table.
struct LogLeaf {
  Oid oid = InvalidOid;
  int relation = 0;              ///< place in LogRelations::names
  TimestampTz until = DT_NOEND;  ///< rows are older than this
  bool readable = true;          ///< an ordinary table
  std::string name;              ///< quoted
};

/// The relations of a log that hold what happened, and their tables.
struct LogRelations {
  std::vector<std::string> names;  ///< audit_event, audit_tx and the histories, not quoted
  std::vector<LogLeaf> leaves;
};
/// Reads the catalog by the snapshot in force. Acts as the current role, the log's owner.
LogRelations read_log_relations(const LogPlace& log);

/// A row as it is hashed.
struct ScannedRow {
  TimestampTz at;
  TimestampTz started;  ///< of the transaction; audit_tx only
  bool erased;          ///< has no content any more: an image or statement that is null
  audit::LoggedRow row;
};

/// Which rows are wanted.
struct RowWindow {
  uint64 from_xid = 0;
  uint64 to_xid = UINT64_MAX;  ///< before
  TimestampTz from = DT_NOBEGIN;
  TimestampTz to = DT_NOEND;  ///< before
};

struct LeafScanState;

/// Scans one table, with the active snapshot, in whatever order its rows lie. The hash of a row is of the
/// columns that are not null: numbers as big-endian bytes, texts as they are stored, jsonb in its stored form
/// (which follows from the value), other types as text under fixed settings; so it outlives dump and restore.
/// Needs settings_for_hashing.
class LeafScan {
 public:
  /// Locks the table (ACCESS SHARE). Errors: 42809 when its first columns are not those of the log.
  LeafScan(const LogLeaf& leaf, bool is_transactions);
  ~LeafScan();
  LeafScan(const LeafScan&) = delete;
  LeafScan& operator=(const LeafScan&) = delete;
  /// The next rows in the window, some hundred; none at the end. Valid until the next call.
  std::vector<ScannedRow>& next(const RowWindow& window);
  /// Rows by their places (block, offset) as ctid writes them; those that the snapshot doesn't see are left
  /// out.
  std::vector<ScannedRow> at(const std::vector<std::string>& places);

 private:
  pg::detail::Unwinding unwinding_;
  LeafScanState* state_;
  std::vector<ScannedRow> rows_;
};

/// The settings under which values become the same text everywhere, for a scope.
class SettingsForHashing {
 public:
  SettingsForHashing();
  ~SettingsForHashing();
  SettingsForHashing(const SettingsForHashing&) = delete;
  SettingsForHashing& operator=(const SettingsForHashing&) = delete;

 private:
  struct Settings;
  std::unique_ptr<Settings> settings_;
};

}  // namespace deal::server
