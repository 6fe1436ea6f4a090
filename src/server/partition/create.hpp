/// Making list and hash partitions, which need no further care.
#pragma once

#include <string>
#include <vector>

#include "core/model/finding.hpp"
#include "core/partition/set.hpp"

namespace deal::server {

/// Makes the partitions of a table partitioned by hash that are missing for this modulus; the names of the
/// new ones. Errors: 42809 not partitioned by hash, 42501 not the owner, 22023 a modulus below 1 or above
/// 10000, or one that doesn't go with partitions that are there.
std::vector<std::string> create_hash_partitions(ObjectId relation, int modulus,
                                                const partition::LeafOptions& options);

/// One list partition to be: what its name ends in, and the values (none: the default partition); an empty
/// optional is NULL.
struct ListPartition {
  std::string name;
  std::vector<std::optional<std::string>> values;
};

/// Makes list partitions; their names. Errors: 42809 not partitioned by list, 42501 not the owner; the
/// server's for values that overlap (42P17) or aren't of the key's type.
std::vector<std::string> create_list_partitions(ObjectId relation,
                                                const std::vector<ListPartition>& partitions,
                                                const partition::LeafOptions& options);

}  // namespace deal::server
