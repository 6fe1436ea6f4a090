/// How tables are partitioned and how their partitions are kept: part of the catalog model.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace deal {

enum class PartitionStrategy : char { range = 'r', list = 'l', hash = 'h' };

/// What the values of a range key are.
enum class PartitionAxis : std::uint8_t {
  other,  ///< no position is known: several columns, an expression, a type without a measure
  time,   ///< positions are microseconds since 2000-01-01 00:00 UTC
  number  ///< positions are the numbers themselves
};

/// The ends of an axis: MINVALUE and MAXVALUE.
inline constexpr std::int64_t kAxisBegin = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kAxisEnd = std::numeric_limits<std::int64_t>::max();

/// The key of a partitioned table.
struct PartitionKey {
  int table = 0;
  PartitionStrategy strategy = PartitionStrategy::range;
  PartitionAxis axis = PartitionAxis::other;
  std::vector<int> columns;  ///< attributes, in order; 0: an expression
  std::string definition;    ///< as SQL: RANGE (at)
};

/// One partition of a partitioned table, whether or not the partition itself is in the model.
struct PartitionBound {
  int parent = 0;
  int table = -1;        ///< its position; -1: a foreign table, or in a schema that isn't reviewed
  std::string identity;  ///< schema.name, quoted as in SQL
  bool is_default = false;
  bool foreign = false;
  bool detaching = false;  ///< DETACH ... CONCURRENTLY was begun and not finished
  std::string bounds;      ///< FOR VALUES ... or DEFAULT
  std::string lower;       ///< range by one column: a literal or MINVALUE
  std::string upper;
  std::int64_t from = kAxisBegin;  ///< positions; only if the key's axis is known
  std::int64_t to = kAxisEnd;
};

/// Privileges that a partition's own list gives to others than its owner.
struct LeafPrivileges {
  int table = 0;
  std::vector<std::string> beyond_parent;  ///< "SELECT reader": privilege and quoted role, not on the parent
};

/// One configured set: a row of deal_advisor.partition_set, and how its maintenance went.
struct PartitionSet {
  std::string schema;
  std::string name;
  std::string identity;   ///< schema.name, quoted as in SQL
  int table = -1;         ///< its position; -1: not in the model
  bool exists = false;    ///< a relation of that name is there
  std::string owner;      ///< who enabled it
  std::string owner_now;  ///< of the table today
  std::string column;
  bool time = true;  ///< the key counts time
  std::string step;
  std::int64_t step_length = 0;  ///< microseconds or numbers; months count 30 days
  int premake = 0;
  std::int64_t wanted_until = kAxisBegin;  ///< time: partitions should reach at least to here
  std::string retention;                   ///< empty: rows are kept for ever
  std::int64_t retention_length = 0;
  std::int64_t keep_from = kAxisBegin;  ///< time: older partitions are to be retired
  std::string retire;                   ///< drop, detach, archive, export
  std::string archive_schema;
  bool archive_schema_exists = true;
  std::string enable_call;  ///< the statement that makes the same set again
  bool enabled = true;
  bool run_known = false;     ///< what follows was recorded
  std::int64_t last_run = 0;  ///< microseconds since 1970 (UTC); 0: never
  std::int64_t last_ok = 0;
  std::int64_t next_try = 0;
  int failures = 0;  ///< in a row
  std::string last_error;
};

}  // namespace deal
