#include "core/model/finding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "core/base/json.hpp"

namespace deal {

namespace {

constexpr std::array<std::string_view, 5> kSeverities{"info", "low", "medium", "high", "critical"};
constexpr std::array<std::string_view, 3> kStatuses{"open", "accepted", "skipped"};

// Names may hold bytes that are not UTF-8 (a database in SQL_ASCII): they are replaced, not refused.
std::string json_string(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string_view severity_name(Severity severity) noexcept {
  return kSeverities[static_cast<std::size_t>(severity)];
}

std::optional<Severity> parse_severity(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kSeverities.size(); ++i)
    if (kSeverities[i] == name) return static_cast<Severity>(i);
  return std::nullopt;
}

std::string_view status_name(Status status) noexcept {
  return kStatuses[static_cast<std::size_t>(status)];
}

Evidence& Evidence::add(std::string_view name, std::int64_t value, std::string_view unit,
                        std::string_view source) {
  append(name, fmt::format("{}", value), unit, source);
  return *this;
}

Evidence& Evidence::add(std::string_view name, double value, std::string_view unit, std::string_view source) {
  append(name, Json(value).dump(), unit, source);
  return *this;
}

Evidence& Evidence::add(std::string_view name, std::string_view value, std::string_view unit,
                        std::string_view source) {
  append(name, json_string(value), unit, source);
  return *this;
}

void Evidence::append(std::string_view name, const std::string& value, std::string_view unit,
                      std::string_view source) {
  if (!members_.empty()) members_ += ", ";
  members_ += fmt::format("{}: {{\"value\": {}", json_string(name), value);
  if (!unit.empty()) members_ += ", \"unit\": " + json_string(unit);
  members_ += ", \"source\": " + json_string(source) + '}';
}

std::string fingerprint(std::string_view check_id, std::initializer_list<std::string_view> facts) {
  // FNV-1a: the same on every machine and in every version of ours. Each part ends in a zero byte, which no
  // name can hold, so that ("ab", "c") and ("a", "bc") differ.
  std::uint64_t hash = 14695981039346656037u;
  auto const mix = [&hash](std::string_view part) {
    for (const char c : part)
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    hash *= 1099511628211u;
  };
  mix(check_id);
  for (auto const fact : facts)
    mix(fact);
  return fmt::format("{:016x}", hash);
}

void sort_findings(std::vector<Finding>& findings) {
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(b.severity, a.check_id, a.object, a.fingerprint) <
           std::tie(a.severity, b.check_id, b.object, b.fingerprint);
  });
}

}  // namespace deal
