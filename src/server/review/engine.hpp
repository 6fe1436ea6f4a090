/// Reviews: reads the catalogs, runs the checks, and says which findings have been accepted.
#pragma once

#include <string>
#include <vector>

#include "core/review/registry.hpp"
#include "server/bridge/arguments.hpp"

namespace deal::server {

/// What a caller of findings() and its kin asked for.
struct ReviewRequest {
  review::Selection selection;
  std::vector<std::string> schemas;  ///< empty: all that the caller may see
  bool list_accepted = true;
  bool fail_on_skipped = false;  ///< for the gate
  bool deep = false;             ///< also what takes planning the workload
};

/// Reads (areas, schemas, deep, options) from `first` on. Raises 22023 for unknown areas, checks and options,
/// 22007 for an interval that is none.
ReviewRequest review_request(const pg::Arguments& args, int first);
/// Every area of the schemas; `min_stats_age` is an interval as text, or empty for the usual one.
ReviewRequest review_request(const std::vector<std::string>& schemas, const std::string& min_stats_age);

/// Everything the selected checks find, most severe first, with accepted findings marked as such. Works
/// read-only and on a standby; no lock is kept. `catalog`, if given, receives the model that was reviewed.
std::vector<Finding> review(const ReviewRequest& request, Catalog* catalog = nullptr);

/// The findings with these fingerprints, in the order given, looked for with any age of the statistics.
/// Raises 42704 when there is none with one of them.
std::vector<Finding> findings_with(const std::vector<std::string>& fingerprints);

/// True if the caller may act for the owner of what the finding is about.
bool owns_object(const Finding& finding);

/// One row of the SQL type deal_advisor.finding; `row_type` is the caller's result type.
std::vector<pg::Value> finding_row(const Finding& finding, TupleDesc row_type);

}  // namespace deal::server
