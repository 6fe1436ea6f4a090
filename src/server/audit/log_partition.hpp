/// The relation that takes a log's rows of some time, and its indexes.
#pragma once

#include "server/bridge/call.hpp"

extern "C" {
#include "access/tupdesc.h"
#include "nodes/execnodes.h"
#include "utils/timestamp.h"
}

namespace deal::server {

/// A partition of a log relation, or its overflow table. Plain data; valid until the next relcache message
/// about it.
struct LogPartition {
  static constexpr int kMostIndexes = 8;

  Oid relation;        ///< InvalidOid: none can be used
  TimestampTz lower;   ///< rows from here
  TimestampTz upper;   ///< to before here belong here
  bool plain_indexes;  ///< all are B-trees on columns, not unique: entries are inserted without an executor
  int index_count;
  Oid indexes[kMostIndexes];
  IndexInfo* index_infos[kMostIndexes];
};

/// True when rows of one shape are rows of the other.
bool same_columns(TupleDesc one, TupleDesc other);

/// Finds where rows of time `at` go: the partition of `parent`, else `overflow`, else nowhere. A relation
/// that has not just the columns of `shape`, or refuses rows by a unique index, can't be used: an audit log
/// never makes the application's write fail. Allocates in the current context. Inside pg::call.
void find_log_partition(Oid parent, Oid overflow, TupleDesc shape, TimestampTz at, LogPartition& found);

}  // namespace deal::server
