/// Proof of index advice: the indexes really built, or built on a sample of their table, beside what was
/// foreseen of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/workload.hpp"

namespace deal::server {

/// What the caller asks of index_verify.
struct VerifyRequest {
  std::vector<std::string> ddl;  ///< CREATE INDEX, DROP INDEX, ALTER INDEX ... ATTACH PARTITION
  Workload workload;
  bool build = false;           ///< really, in a subtransaction that is rolled back
  int64_t max_table_bytes = 0;  ///< larger tables are not built on, larger samples not taken
  double sample_percent = 0;    ///< of tables that are not built on; 0: no sample
  std::string lock_timeout;     ///< as the server's setting
  bool run = false;             ///< also execute statements that only read
  int runs = 3;                 ///< timed executions of each, with the indexes and without
  double run_seconds = 10;      ///< for one execution
};

/// One index, dropped index, statement, or the workload as a whole.
struct VerifyRow {
  std::string what;                           ///< index, drop, statement, workload
  std::string item;                           ///< name or shortened text
  std::optional<double> estimated{};          ///< bytes of an index, else planner cost
  std::optional<double> actual{};             ///< the same with the indexes built
  std::optional<double> before{};             ///< planner cost today
  std::vector<std::string> used{};            ///< new indexes in the plan
  std::optional<double> ms_before{};          ///< median time without the changes
  std::optional<double> ms_after{};           ///< and with them
  std::optional<double> est_build_seconds{};  ///< of CREATE INDEX CONCURRENTLY
  std::optional<double> build_seconds{};      ///< of CREATE INDEX, as it was
  std::string note{};                         ///< why something is missing, or what it rests on
  std::string sql{};                          ///< definition or statement
};

/// Builds, plans, compares, and rolls everything back. All with the caller's rights; statements with their
/// role's. Errors: 25006 where nothing can be written, 55000 when the caller allowed neither to build nor to
/// sample, 54000 for tables beyond max_table_bytes, 42501 for tables of others, 0A000 for other statements
/// than those of VerifyRequest::ddl, and the server's own.
std::vector<VerifyRow> index_verify(const VerifyRequest& request);

}  // namespace deal::server
