#include "core/review/gate.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace deal::review {

namespace {

constexpr int kListed = 20;  // of a long list: more than fits a screen helps nobody

std::string line_of(const Finding& finding) {
  return fmt::format("{} {}: {}, {} [{}]", severity_name(finding.severity), finding.check_id, finding.title,
                     finding.object, finding.fingerprint);
}

}  // namespace

void gate(const std::vector<Finding>& findings, Severity severity, bool fail_on_skipped) {
  std::string list;
  int count = 0;
  for (auto const& finding : findings) {
    if (finding.status != Status::open || finding.severity < severity) continue;
    if (++count <= kListed) list += (list.empty() ? "" : "\n") + line_of(finding);
  }
  if (count > kListed) list += fmt::format("\nand {} more", count - kListed);
  if (count > 0)
    throw Error(kGateClosed, fmt::format("{} open finding{} of severity {} or higher", count,
                                         count == 1 ? "" : "s", severity_name(severity)))
        .detail(list)
        .hint(
            "deal_advisor.findings_detail() has the fix of each; deal_advisor.findings_accept(fingerprint, "
            "reason, until) lets one pass.");
  std::string const skipped = skipped_checks(findings);
  if (fail_on_skipped && !skipped.empty())
    throw Error(kGateClosed, "some checks could not run")
        .detail(skipped)
        .hint("The option \"skipped\": \"warn\" lets them pass with a warning.");
}

std::string skipped_checks(const std::vector<Finding>& findings) {
  std::string list;
  for (auto const& finding : findings) {
    if (finding.status != Status::skipped) continue;
    if (!list.empty()) list += '\n';
    list +=
        fmt::format("{} {} ({}): {}", finding.check_id, finding.title, finding.object, finding.skip_reason);
  }
  return list;
}

}  // namespace deal::review
