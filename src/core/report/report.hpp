/// The report of an architect: ten sections over what the advisors found.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/model/catalog.hpp"
#include "core/model/finding.hpp"
#include "core/report/document.hpp"

namespace deal::report {

/// One row of index advice, as the report shows it.
struct AdviceRow {
  int rank = 0;
  std::string action;
  std::string relation;
  std::string index_name;
  std::int64_t bytes = 0;
  double cost_before = 0;
  double cost_after = 0;
  double benefit_pct = 0;
  std::string why;
  std::vector<std::string> ddl;
  std::vector<std::string> rollback;
};

/// What the report is written from.
struct Input {
  const Catalog& catalog;
  const std::vector<Finding>& findings;                       ///< most severe first
  std::int64_t database_bytes = -1;                           ///< -1: the caller may not know
  std::string server_version;                                 ///< for people
  std::string stats_since;                                    ///< for people; empty: unknown
  std::vector<std::pair<std::string, std::string>> settings;  ///< name and value, as SHOW prints it
  std::vector<AdviceRow> advice;
  std::string no_advice;  ///< why `advice` is empty; empty when it was asked and had nothing to propose
  int max_items = 50;     ///< entries per list; a longer one says how many are left out
};

/// Analysis Summary, Proposed Solution, Implementation Steps, Performance Impact, Migration Plan, Monitoring
/// Setup, Rollback Strategy, Code Examples, Testing Approach, Documentation. A section with nothing to say
/// says why.
Document compose(const Input& input);

// The sections (summary.cpp, steps.cpp, practice.cpp).
Section analysis_summary(const Input& input);
Section proposed_solution(const Input& input);
Section implementation_steps(const Input& input);
Section performance_impact(const Input& input);
Section migration_plan(const Input& input);
Section monitoring_setup(const Input& input);
Section rollback_strategy(const Input& input);
Section code_examples(const Input& input);
Section testing_approach(const Input& input);
Section documentation(const Input& input);

/// The open findings that have statements to run.
std::vector<const Finding*> fixable(const Input& input);
/// Why there is no index advice.
std::string missing_advice(const Input& input);

}  // namespace deal::report
