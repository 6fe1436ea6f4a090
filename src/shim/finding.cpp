/// SQL entry points of findings: list, gate, accept, apply, export.

#include "core/base/error.hpp"
#include "core/review/export.hpp"
#include "core/review/gate.hpp"
#include "server/bridge/bridge.hpp"
#include "server/bridge/notice.hpp"
#include "server/review/accepted.hpp"
#include "server/review/apply.hpp"
#include "server/review/engine.hpp"

namespace {

std::optional<std::string> timestamp_text(const pg::Arguments& args, int position) {
  if (args.is_null(position)) return std::nullopt;
  Oid const type = pg::call([&] { return get_fn_expr_argtype(args.fcinfo()->flinfo, position); });
  return pg::output_of(args.datum(position), type);
}

}  // namespace

DEAL_FUNCTION(deal_advisor_findings_detail) {
  pg::RowSet rows(args);
  auto const findings = deal::server::review(deal::server::review_request(args, 0));
  for (auto const& finding : findings)
    rows.add(deal::server::finding_row(finding, rows.shape()));
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_findings_gate) {
  Oid const type = pg::call([&] { return get_fn_expr_argtype(args.fcinfo()->flinfo, 0); });
  auto const severity = deal::parse_severity(pg::output_of(args.datum(0), type));
  if (!severity) throw deal::Error("22023", "unknown severity");
  auto const request = deal::server::review_request(args, 1);
  auto const findings = deal::server::review(request);
  deal::review::gate(findings, *severity, request.fail_on_skipped);
  std::string const skipped = deal::review::skipped_checks(findings);
  if (!skipped.empty()) pg::warning("some checks could not run, so this is no full all-clear:\n" + skipped);
  return Int32GetDatum(0);
}

DEAL_FUNCTION(deal_advisor_findings_export) {
  std::string const format = args.text(0);
  deal::review::export_findings({}, format);  // an unknown format is refused before the work
  auto const findings = deal::server::review(deal::server::review_request(args, 1));
  return pg::text_datum(deal::review::export_findings(findings, format));
}

DEAL_FUNCTION(deal_advisor_findings_accept) {
  return pg::text_datum(deal::server::accept_finding(args.text(0), args.text(1), timestamp_text(args, 2)));
}

DEAL_FUNCTION(deal_advisor_findings_reopen) {
  return pg::text_datum(deal::server::reopen_finding(args.text(0)));
}

DEAL_FUNCTION(deal_advisor_findings_apply) {
  deal::server::apply_findings(args, args.text_array(0));
  return Datum{0};
}
