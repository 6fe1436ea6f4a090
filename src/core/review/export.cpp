#include "core/review/export.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/report/document.hpp"
#include "core/review/registry.hpp"

namespace deal::review {

namespace {

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json as_object(const Finding& finding) {
  Json object;
  object["severity"] = severity_name(finding.severity);
  object["check_id"] = finding.check_id;
  object["object"] = finding.object;
  object["title"] = finding.title;
  object["schema_name"] = text_or_null(finding.schema);
  object["object_class"] = finding.object_class;
  object["category"] = finding.category;
  object["status"] = status_name(finding.status);
  object["skip_reason"] = text_or_null(finding.skip_reason);
  object["confidence"] = finding.confidence;
  object["why"] = finding.why;
  object["evidence"] = Json::parse(finding.evidence.json(), nullptr, false);
  object["impact"] = text_or_null(finding.impact);
  object["count"] = finding.count;
  object["fix"] = finding.fix;
  object["fix_transactional"] = finding.fix.empty() ? Json(nullptr) : Json(finding.fix_transactional);
  object["lock_level"] = text_or_null(finding.lock_level);
  object["blocks"] = text_or_null(finding.blocks);
  object["rollback"] = finding.rollback;
  object["verify"] = text_or_null(finding.verify);
  object["doc"] = finding.doc;
  object["fingerprint"] = finding.fingerprint;
  return object;
}

std::string as_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (auto const& finding : findings)
    list.push_back(as_object(finding));
  return dumped(list);
}

std::string joined(const std::vector<std::string>& statements) {
  return fmt::format("{}", fmt::join(statements, "; "));
}

std::string as_markdown(const std::vector<Finding>& findings) {
  report::Section section{"Findings", {}};
  std::vector<std::vector<std::string>> rows;
  rows.reserve(findings.size());
  for (auto const& finding : findings)
    rows.push_back({std::string(severity_name(finding.severity)), finding.check_id, finding.object,
                    finding.title, std::string(status_name(finding.status)),
                    finding.status == Status::open ? joined(finding.fix) : finding.skip_reason,
                    finding.fingerprint});
  if (rows.empty())
    section.paragraph("Nothing was found.");
  else
    section.table({"severity", "check", "object", "title", "status", "fix", "fingerprint"}, std::move(rows));
  return report::as_markdown({"deal_advisor", {section}});
}

/// SARIF knows three levels.
std::string_view sarif_level(Severity severity) {
  if (severity >= Severity::high) return "error";
  return severity == Severity::medium ? "warning" : "note";
}

Json sarif_rules(const std::vector<Finding>& findings) {
  std::set<std::string_view> used;
  for (auto const& finding : findings)
    used.insert(finding.check_id);
  Json rules = Json::array();
  for (auto const& check : checks()) {
    if (!used.contains(check.id)) continue;
    Json rule;
    rule["id"] = check.id;
    rule["shortDescription"]["text"] = check.title;
    rule["fullDescription"]["text"] = check.why;
    rule["defaultConfiguration"]["level"] = sarif_level(check.severity);
    rules.push_back(std::move(rule));
  }
  return rules;
}

Json sarif_result(const Finding& finding) {
  Json result;
  result["ruleId"] = finding.check_id;
  result["level"] = sarif_level(finding.severity);
  result["kind"] = finding.status == Status::skipped ? "notApplicable" : "fail";
  if (finding.status == Status::skipped) result["level"] = "none";
  result["message"]["text"] =
      fmt::format("{}: {}. {}", finding.object, finding.title,
                  finding.status == Status::skipped ? finding.skip_reason : finding.why);
  Json location;
  location["logicalLocations"][0]["fullyQualifiedName"] = finding.object;
  location["logicalLocations"][0]["kind"] = finding.object_class;
  result["locations"] = Json::array({location});
  result["partialFingerprints"]["deal_advisor/v1"] = finding.fingerprint;
  if (finding.status == Status::accepted) {
    result["suppressions"][0]["kind"] = "external";
    result["suppressions"][0]["justification"] = finding.skip_reason;
  }
  result["properties"]["fix"] = finding.fix;
  result["properties"]["rollback"] = finding.rollback;
  return result;
}

std::string as_sarif(const std::vector<Finding>& findings) {
  Json run;
  run["tool"]["driver"]["name"] = "deal_advisor";
  run["tool"]["driver"]["rules"] = sarif_rules(findings);
  run["results"] = Json::array();
  for (auto const& finding : findings)
    run["results"].push_back(sarif_result(finding));
  Json document;
  document["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
  document["version"] = "2.1.0";
  document["runs"] = Json::array({run});
  return dumped(document);
}

/// Text for XML: control characters, which XML 1.0 can't hold at all, become spaces.
std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

std::string as_junit(const std::vector<Finding>& findings) {
  auto const count = [&](Status status) {
    return std::count_if(findings.begin(), findings.end(),
                         [&](const Finding& f) { return f.status == status; });
  };
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"deal_advisor\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
      findings.size(), count(Status::open), count(Status::skipped));
  for (auto const& finding : findings) {
    out += fmt::format("  <testcase classname=\"{}\" name=\"{}\"", xml(finding.check_id),
                       xml(finding.object + ": " + finding.title));
    if (finding.status == Status::accepted)
      out += "/>\n";
    else if (finding.status == Status::skipped)
      out += fmt::format("><skipped message=\"{}\"/></testcase>\n", xml(finding.skip_reason));
    else
      out += fmt::format("><failure type=\"{}\" message=\"{}\">{}</failure></testcase>\n",
                         severity_name(finding.severity), xml(finding.why), xml(joined(finding.fix)));
  }
  return out + "</testsuite>\n";
}

}  // namespace

std::string export_findings(const std::vector<Finding>& findings, const std::string& format) {
  if (format == "json") return as_json(findings);
  if (format == "markdown") return as_markdown(findings);
  if (format == "sarif") return as_sarif(findings);
  if (format == "junit") return as_junit(findings);
  throw Error("22023", "unknown export format \"" + format + "\"")
      .hint("Formats: json, markdown, sarif, junit.");
}

}  // namespace deal::review
