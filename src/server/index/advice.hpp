/// Index advice for a workload: from statements to ranked proposals.
#pragma once

#include <optional>

#include "core/index/search.hpp"
#include "core/model/workload.hpp"
#include "server/index/tables.hpp"

namespace deal::server {

/// What the caller asks of index_advice.
struct AdviceRequest {
  Workload workload;
  std::optional<int64_t> budget_bytes;       ///< for new indexes together
  std::vector<std::string> schemas;          ///< only tables of these; empty: all user schemas
  std::vector<index::AccessMethod> methods;  ///< only indexes of these; empty: all
  int max_columns = 4;
  int64_t time_limit_ms = 30'000;
  double progress_seconds = 5;    ///< between NOTICE lines that say how far it is; 0: none
  bool single_statement = false;  ///< the workload is one statement that the caller handed in
  bool details = false;           ///< also rows for what was rejected or skipped
  bool budget_is_net = false;     ///< the bytes of dropped and replaced indexes are added to the budget
  int max_planner_calls = 1500;
  double min_gain_pct = 0.1;           ///< of the workload's cost, for one index
  double unused_after = 30 * 86400.0;  ///< seconds without a scan
  int min_table_pages = 16;            ///< smaller tables are read whole anyway
  int sample_rows = 0;        ///< per table, for sizes; 0: as many as index_size takes, but half where
                              ///< there are many proposals
  bool hypopg_sizes = false;  ///< B-trees count against the budget with the size HypoPG would give them
};

/// How one statement fares over some choices of its arguments.
struct Outlook {
  double worst_after = 0;  ///< plan cost under the advice, for the choice that fares worst
  double least_saved = 1;  ///< share of the plan cost that the advice saves, for the choice that gains least
  double most_saved = 0;

  /// Adds one choice: plan costs today and under the advice.
  void add(double before, double after);
  void add(const Outlook& other);
};

/// One statement's part in the advice: the mean over the choices of arguments it was planned with.
struct QueryShare {
  std::string query_id;
  std::string text;
  double calls = 0;
  int choices = 0;    ///< of arguments
  double before = 0;  ///< plan cost of one execution today
  double after = 0;   ///< under the whole advice
  Outlook outlook{};  ///< over these choices
};

/// One proposal.
struct AdviceRow {
  std::string action;    ///< create, drop, replace; with details also reject, skip
  std::string relation;  ///< quoted, with its schema
  std::string schema;    ///< of the relation, and so of the index; not quoted
  std::string index_name;
  std::string access_method = "btree";
  int64_t est_bytes = 0;
  double cost_before = 0;
  double cost_after = 0;
  double benefit_pct = 0;
  double write_cost = 0;  ///< what keeping it costs the writes, given all higher ranks
  std::string why;
  float confidence = 1;
  std::vector<std::string> ddl;
  std::vector<std::string> rollback;
  std::vector<QueryShare> queries;
  std::vector<std::string> replaces;
  std::vector<std::string> prerequisites;  ///< statements to run before
  bool priced = true;                      ///< false: neither size nor gain can be foreseen
};

/// Figures of the run, for the first row's `stats`.
struct AdviceStats {
  int statements = 0;
  int templates = 0;
  int skipped = 0;
  double skipped_time_pct = 0;
  int with_variables = 0;  ///< statements with names that were taken for variables of PL/pgSQL
  int candidates = 0;
  int planner_calls = 0;
  double cpu_seconds = 0;  ///< planning and search, sampling apart
  double sampling_cpu_seconds = 0;
  double elapsed_ms = 0;
  bool hit_time_limit = false;
};

struct Advice {
  std::vector<AdviceRow> rows;  ///< best first
  AdviceStats stats;
};

/// Advises. Plans every statement under its own role in a subtransaction that is rolled back: changes
/// nothing, keeps no lock. Statements that cannot be planned are skipped and counted.
Advice index_advice(const AdviceRequest& request);

}  // namespace deal::server
