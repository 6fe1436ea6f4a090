/// Rows of an audit log whose contents were erased, and what they were.
#pragma once

#include <unordered_map>

#include "server/audit/log_scan.hpp"
#include "server/audit/seal_store.hpp"

namespace deal::server {

/// The rows of audit_erased, by the row that each is about.
class ErasedRows {
 public:
  /// `relations`: names of what rows are of.
  void read(const NumberedRows& rows, const std::vector<std::string>& relations);
  size_t count() const { return rows_.size(); }
  /// Gives an emptied row the hash that it had before, if it is just as it was left by its erasure.
  void stand_in(int relation, ScannedRow& row) const;

 private:
  struct Identity {
    int relation;
    int64 at;
    uint64 xid;
    int32 order;
    bool operator==(const Identity&) const = default;
  };
  struct Hash {
    size_t operator()(const Identity& identity) const;
  };
  struct Digests {
    audit::Digest before;
    audit::Digest after;
  };

  std::unordered_map<Identity, Digests, Hash> rows_;
};

}  // namespace deal::server
