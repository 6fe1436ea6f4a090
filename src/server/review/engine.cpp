#include "server/review/engine.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/options.hpp"
#include "core/review/builder.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/catalog/read.hpp"
#include "server/review/accepted.hpp"
#include "server/review/foresee.hpp"

extern "C" {
#include "utils/acl.h"
}

namespace deal::server {

namespace {

double seconds_of(const std::string& interval) {
  pg::Spi spi;
  return spi.query("select extract(epoch from $1::interval)", {interval}).float8(0, 0);
}

void fill_definitions(std::vector<Finding>& findings) {
  review::Definitions definitions;
  for (auto& [oid, text] : read_index_definitions(review::wanted_definitions(findings)))
    definitions.emplace(oid, std::move(text));
  review::add_definitions(findings, definitions);
}

/// Moves the findings looked for out of `found`; the rest of `fingerprints` stays.
void take(std::vector<Finding>& found, std::vector<std::string>& fingerprints, std::vector<Finding>& taken) {
  for (Finding& finding : found) {
    auto const wanted = std::find(fingerprints.begin(), fingerprints.end(), finding.fingerprint);
    if (wanted == fingerprints.end()) continue;
    fingerprints.erase(wanted);
    taken.push_back(std::move(finding));
  }
}

}  // namespace

ReviewRequest review_request(const pg::Arguments& args, int first) {
  Options options("findings", args.json_or_empty(first + 3));
  ReviewRequest request;
  request.selection.areas = args.text_array_or_empty(first);
  request.schemas = args.text_array_or_empty(first + 1);
  request.deep = !args.is_null(first + 2) && args.boolean(first + 2);
  request.selection.checks = options.texts("checks");
  request.list_accepted = options.boolean("accepted", true);
  std::string const min_stats_age = options.text("min_stats_age", "");
  std::string const on_skipped = options.text("skipped", "warn");
  options.finish();
  if (!min_stats_age.empty()) request.selection.min_stats_age = seconds_of(min_stats_age);
  if (on_skipped != "warn" && on_skipped != "fail")
    throw Error("22023", "option \"skipped\" of findings must be warn or fail");
  request.fail_on_skipped = on_skipped == "fail";
  review::validate(request.selection);
  return request;
}

ReviewRequest review_request(const std::vector<std::string>& schemas, const std::string& min_stats_age) {
  ReviewRequest request;
  request.schemas = schemas;
  if (!min_stats_age.empty()) request.selection.min_stats_age = seconds_of(min_stats_age);
  return request;
}

std::vector<Finding> review(const ReviewRequest& request, Catalog* catalog) {
  Catalog model = read_catalog(request.schemas);
  review::Foreseen foreseen;
  if (request.deep && review::selected(*review::find_check("IDX-014"), request.selection))
    foreseen = foresee(request.schemas);
  std::vector<Finding> findings = review::run_checks(model, request.selection, foreseen);
  fill_definitions(findings);
  mark_accepted(findings, model.server.now);
  if (!request.list_accepted)
    std::erase_if(findings, [](const Finding& finding) { return finding.status == Status::accepted; });
  if (catalog != nullptr) *catalog = std::move(model);
  return findings;
}

std::vector<Finding> findings_with(const std::vector<std::string>& fingerprints) {
  std::vector<std::string> missing = fingerprints;
  std::vector<Finding> taken;
  ReviewRequest request;
  request.selection.min_stats_age = 0;
  std::vector<Finding> found = review(request);
  take(found, missing, taken);
  for (bool const deep : {false, true}) {
    if (missing.empty()) break;
    request = {};
    request.deep = deep;
    found = review(request);
    take(found, missing, taken);
  }
  if (!missing.empty())
    throw Error("42704", "there is no finding with fingerprint \"" + missing.front() + "\"")
        .hint("select fingerprint, check_id, object from deal_advisor.findings_detail();");
  auto const place = [&](const Finding& finding) {
    return std::find(fingerprints.begin(), fingerprints.end(), finding.fingerprint);
  };
  std::sort(taken.begin(), taken.end(),
            [&](const Finding& a, const Finding& b) { return place(a) < place(b); });
  return taken;
}

bool owns_object(const Finding& finding) {
  ObjectId owner = finding.owner;
  if (owner == 0) {
    pg::Spi spi;
    owner = spi.query(
                   "select datdba from pg_catalog.pg_database where datname = "
                   "pg_catalog.current_database()")
                .oid(0, 0);
  }
  return pg::call([&] { return has_privs_of_role(GetUserId(), owner); });
}

}  // namespace deal::server
