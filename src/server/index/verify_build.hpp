/// Indexes really built, for the time of a subtransaction.
#pragma once

#include "server/index/extent.hpp"
#include "server/index/verify_ddl.hpp"

namespace deal::server {

/// One index that was built.
struct BuiltIndex {
  Oid oid = InvalidOid;
  std::string name;       ///< schema-qualified and quoted
  std::vector<Oid> tree;  ///< itself and those of its partitions
  int64_t bytes = 0;      ///< of all of them
  bool usable = true;     ///< by plans of this transaction
};

/// Raises 25006 where nothing can be written: during recovery and in a read-only transaction.
void require_writable();

/// Raises 42501 unless the current role owns the table, and 54000 when it has more than `most` bytes.
void require_buildable(Oid table, int64_t most);

/// Bytes of the table's rows, its partitions included.
int64_t table_bytes(Oid table);

/// Builds an index on the table as the current role and with the search_path in force. Errors are the
/// server's; 42P07 when IF NOT EXISTS found an index of that name.
BuiltIndex build_index(const std::string& definition, Oid table);

/// Statistics for the built index (with its partitions' indexes): those of its hypothetical twin, each under
/// the real number. Allocated in the current memory context.
void append_analysed(const BuiltIndex& built, const Hypothetical& twin, std::vector<Hypothetical*>& analysed);

/// Gives the twin the size that the built index has.
void take_real_extent(const BuiltIndex& built, Hypothetical& twin);

/// Bytes on disk of an index and those of its partitions.
int64_t index_bytes(const std::vector<Oid>& tree);

}  // namespace deal::server
