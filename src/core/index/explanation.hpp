/// Advice in words that a person can check.
#pragma once

#include <cstdint>
#include <string>

#include "core/index/search.hpp"

namespace deal::index {

/// A share of the workload's cost: "12 %", "0.4 %", "less than 0.01 %".
std::string share_text(double part, double whole);

/// What is known of a candidate that was left out.
struct RejectionFacts {
  Rejection rejection;
  std::string other;  ///< name of the advised index that it has to do with, if any
  std::int64_t bytes = 0;
  double workload = 0;  ///< cost of the whole workload today
  double min_gain = 0;  ///< share of it that an index must save
};

/// Why the candidate is not advised: "no room in the budget: 12.0 MB for a saving of 3.1 %".
std::string rejection_text(const RejectionFacts& facts);

/// What an advised index gives and costs.
struct KeepingFacts {
  int statements = 0;   ///< whose plans use it
  std::string example;  ///< the one that gains most, shortened; empty: none
  double before = 0;    ///< planner cost of one execution of it
  double after = 0;
  double write_cost = 0;  ///< of all writes, beside all higher ranks
  double workload = 0;    ///< cost of the whole workload today
  bool ends_heap_only = false;
  double build_seconds = 0;
};

/// The second half of `why`: "serves 3 statements, most `select ...` (cost 4634.9 to 12.3); writes pay 0.4 %
/// of the workload's cost for it; about 2 s to build (SHARE UPDATE EXCLUSIVE: reads and writes go on)".
std::string keeping_text(const KeepingFacts& facts);

/// What building an index has to do.
struct BuildWork {
  AccessMethod method = AccessMethod::btree;
  double table_bytes = 0;
  double table_rows = 0;
  double entries = 0;      ///< rows that the index holds
  double index_bytes = 0;  ///< as estimated
};

/// Seconds that CREATE INDEX CONCURRENTLY takes, roughly: two passes over the table, forming and sorting (or
/// inserting) an entry for each row, writing the index. The rates are those of one ordinary core with the
/// table in memory, measured by bench/index_build; disks and other work make it slower.
double build_seconds(const BuildWork& work);

/// "less than a second", "about 20 s", "about 5 min", "about 3 h".
std::string duration_text(double seconds);

}  // namespace deal::index
