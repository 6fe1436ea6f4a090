/// A partitioned table as the catalog has it.
#pragma once

#include <string>
#include <vector>

#include "core/model/finding.hpp"
#include "core/partition/plan.hpp"

namespace deal::server {

/// What there is to know of a range-partitioned table by one plain column.
struct PartitionedTable {
  ObjectId oid = 0;
  ObjectId owner = 0;
  partition::Parent facts;
  double rows = -1;    ///< pg_class.reltuples as of the last ANALYZE; -1: never
  std::string column;  ///< the key, not quoted
  ObjectId column_type = 0;
  partition::Range column_range;                 ///< the positions that a value of that type can have
  std::vector<partition::Partition> partitions;  ///< by lower bound; the default one last; detaching ones too
};

/// Reads the table and its partitions from the partition descriptor: bounds as numbers, sorted by the server;
/// no text is parsed. `kind` says what the key's values mean. Takes ACCESS SHARE on the parent, on no
/// partition. Errors: 42809 not partitioned by range; 0A000 by several columns or by an expression, with what
/// is possible in the HINT; 42804 the key's type doesn't go with the kind.
PartitionedTable read_partitioned_table(ObjectId relation, partition::KeyKind kind);

/// How a table is partitioned, of whatever kind it is.
struct PartitionKeyFacts {
  char strategy = 0;   ///< r: range, l: list, h: hash; 0: not partitioned
  std::string column;  ///< the key's first column, not quoted; empty for an expression
  ObjectId owner = 0;
  partition::Parent facts;
};
/// Reads that, with what new partitions need; no partitions. Takes ACCESS SHARE on the table.
PartitionKeyFacts read_partition_key(ObjectId relation);

/// Adds what only new partitions need: privileges granted on the table, tables that its foreign keys refer
/// to.
void read_leaf_facts(PartitionedTable& table);

/// The kind that goes with a key type when the user names none: timestamptz, timestamp, date, integers, uuid
/// (uuidv7), 26 characters of text (ulid). Errors: 42804 for other types.
partition::KeyKind kind_of_type(ObjectId type);

}  // namespace deal::server
