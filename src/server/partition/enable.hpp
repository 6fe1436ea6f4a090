/// Making a partitioned table a set, and taking that back.
#pragma once

#include <optional>
#include <string>

#include "core/base/options.hpp"
#include "server/partition/maintain.hpp"

namespace deal::server {

/// The arguments of partition_enable; texts as the user wrote them.
struct EnableRequest {
  ObjectId relation = 0;
  std::string key_column;
  std::string step;
  int premake = 4;
  std::optional<std::string> retention;
  std::string retire = "drop";
  std::string zone = "UTC";
  std::optional<std::string> horizon;
  bool use_default = false;
  std::string options = "{}";
};

/// What a request asks for, before the table is looked at: everything but schema and table. Errors as
/// enable_set.
struct RequestedSet {
  partition::Set set;
  std::string anchor;  ///< as given; empty: none
  std::string start;
};
RequestedSet requested_set(const EnableRequest& request);

/// Checks everything, writes the set's row and makes the partitions that are due, in the caller's
/// transaction; what was done, in words. Errors: 42501 not the owner; those of read_partitioned_table,
/// parse_step and server_zone; 22023 values out of range; 3F000 no such archive schema.
std::string enable_set(const EnableRequest& request);

/// The options about how leaves are made, by their names in every function that makes some.
partition::LeafOptions read_leaf_options(Options& options);

/// A position that the user wrote: a time as the server reads it in the set's zone, or a number.
partition::Position parse_position(const partition::Grid& grid, const std::string& text);

}  // namespace deal::server
