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
  bool sorted = true;      ///< GiST: not inserted one by one
};

/// Seconds that CREATE INDEX CONCURRENTLY takes, roughly: 0.03 + two passes over the table (2 GB/s and 0.03
/// us a row) + for each entry, by method, 0.3 us (B-tree), 1.2 (hash), 0.1 (GIN), 15 (GiST; 2 if its opclass
/// sorts), 5 (SP-GiST), 0.35 for each row of the table (BRIN) + for each byte of the index 0.02 us (B-tree,
/// sorting) or 0.12 (GIN). One core with the table in memory, without what evaluating expressions takes;
/// disks, other work and waiting for old transactions come on top. bench/index_build sets it beside real
/// builds.
double build_seconds(const BuildWork& work);

/// "less than a second", "about 20 s", "about 5 min", "about 3 h".
std::string duration_text(double seconds);

}  // namespace deal::index
