/// Several statements that write, all seeing the database as it was at one and the same moment.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// Takes a snapshot and runs statements that see it, and what they wrote themselves, but nothing that others
/// committed since, whatever the transaction's isolation level is. Only for changes of rows that no other
/// session touches.
class OneSnapshot {
 public:
  OneSnapshot();
  ~OneSnapshot();
  OneSnapshot(const OneSnapshot&) = delete;
  OneSnapshot& operator=(const OneSnapshot&) = delete;

  /// Runs one statement with the search_path of SearchPath::safe; the number of rows processed.
  int64_t execute(const std::string& sql) const;

 private:
  detail::Unwinding unwinding_;
  struct SnapshotData* snapshot_;
};

}  // namespace pg
