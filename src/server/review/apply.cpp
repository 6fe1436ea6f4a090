#include "server/review/apply.hpp"

#include "core/base/error.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/worker.hpp"
#include "server/review/engine.hpp"

namespace deal::server {

namespace {

void refuse_unless_applicable(const Finding& finding) {
  std::string const what = finding.check_id + " on " + finding.object;
  if (finding.status == Status::accepted)
    throw Error("22023", "finding " + what + " is accepted")
        .detail(finding.skip_reason)
        .hint("Call deal_advisor.findings_reopen('" + finding.fingerprint + "') first.");
  if (finding.fix.empty())
    throw Error("22023", "finding " + what + " has no statement to apply")
        .hint("Its column why says what to decide first.");
  if (!owns_object(finding))
    throw Error("42501", "must be owner of " + finding.object + " to apply a fix to it");
}

void run_here(const Finding& finding) {
  for (auto const& statement : finding.fix) {
    pg::notice("running " + statement);
    pg::Spi spi(pg::SearchPath::callers);  // CREATE EXTENSION makes its objects in the first schema of it
    spi.execute(statement);
  }
}

}  // namespace

void apply_findings(const pg::Arguments& args, const std::vector<std::string>& fingerprints) {
  std::vector<Finding> const findings = findings_with(fingerprints);
  for (auto const& finding : findings)
    refuse_unless_applicable(finding);
  for (auto const& finding : findings) {
    if (finding.fix_transactional)
      run_here(finding);
    else
      pg::run_in_worker(args, finding.fix);
  }
}

}  // namespace deal::server
