/// What planning the workload says of indexes that don't exist.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace deal::review {

/// One index that the workload wants, as index_advice proposes it.
struct MissingIndex {
  std::string relation;  ///< the table, quoted as in SQL
  std::string index;     ///< schema and name it would get, quoted as in SQL; empty: several of one table
  std::string
      definition;  ///< what it holds, without its name: tells it from others, whatever they are called
  std::string why;
  std::int64_t bytes = 0;
  double benefit_pct = 0;  ///< of the planner's cost of the whole workload
  double write_cost = 0;   ///< of keeping it, in the planner's unit
  double cost_today = 0;   ///< of the whole workload
  int statements = 0;      ///< that gain
  double confidence = 0;   ///< 0 to 1
  std::vector<std::string> ddl;
  std::vector<std::string> rollback;
};

/// What was found out by planning, for the checks that want it.
struct Foreseen {
  bool asked = false;                         ///< false: nobody asked (not deep), and the checks say nothing
  std::string unknown;                        ///< why nothing could be found out; empty: it could
  std::vector<MissingIndex> missing_indexes;  ///< the most useful first
};

}  // namespace deal::review
