/// What-if for one statement and one definition: the functions behind index_what_if and index_size.
#pragma once

#include <string>
#include <vector>

#include "server/index/what_if.hpp"

namespace deal::server {

/// Plans of one statement without and with the given indexes.
struct WhatIfAnswer {
  double cost_before = 0;
  double cost_after = 0;
  std::vector<std::string> used;  ///< names of the new indexes in the second plan
  std::string plan_before;
  std::string plan_after;
};

/// Plans `query` as the caller, before and after adding `definitions` (CREATE INDEX texts) and hiding the
/// named existing indexes. Executes nothing and keeps no lock. Errors are the server's for bad names and
/// syntax; 42501 without the rights to run the query; 42809 when `hide` names something else than an index.
WhatIfAnswer index_what_if(const std::string& query, const std::vector<std::string>& definitions,
                           const std::vector<std::string>& hide);

/// The relation's name, schema-qualified and quoted.
std::string relation_name(Oid relation);

/// The index and, if it is partitioned, those of its partitions. Raises 42809 for anything else.
std::vector<Oid> index_tree(Oid index);

/// Estimated bytes of the index right after it is built. Builds nothing and keeps no lock.
int64_t index_size(const std::string& definition);

}  // namespace deal::server
