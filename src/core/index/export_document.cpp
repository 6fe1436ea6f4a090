#include "core/index/export_document.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace deal::index {

namespace {

constexpr int kFormat = 2;
constexpr const char* kAgain = "Export again with deal_advisor_export.sql and import the whole file.";

Error not_an_export(std::size_t line, const std::string& why) {
  return Error("22023", "line " + std::to_string(line) + " is not of an export: " + why).hint(kAgain);
}

std::string text_of(const Json& body, const char* key) {
  auto const found = body.find(key);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int number_of(const Json& body, const char* key) {
  auto const found = body.find(key);
  return found != body.end() && found->is_number_integer() ? found->get<int>() : 0;
}

Json parse_line(std::string_view line, std::size_t number) {
  Json body = Json::parse(line, nullptr, false);
  if (body.is_discarded()) throw not_an_export(number, "it is no JSON");
  if (!body.is_object() || text_of(body, "kind").empty()) throw not_an_export(number, "it has no kind");
  return body;
}

void read_header(const Json& body, std::string_view line, ExportDocument& document) {
  if (text_of(body, "kind") != "export")
    throw Error("22023", "this is no export of deal_advisor").hint(kAgain);
  int const format = number_of(body, "format");
  if (format != kFormat)
    throw Error("22023", "an export of format " + std::to_string(format) + " cannot be read")
        .detail("This version reads format " + std::to_string(kFormat) + ".")
        .hint("Export with the deal_advisor_export.sql that came with this version.");
  document.server_version = number_of(body, "server_version_num");
  document.body = std::string(line);
}

/// Where the lines of one kind differ.
std::string part_of(const Json& body, const std::string& kind, std::size_t number) {
  if (kind == "setting") return text_of(body, "name");
  if (kind == "statement") return std::to_string(number);
  return text_of(body, "column");
}

ExportLine as_line(const Json& body, std::string_view line, std::size_t number) {
  ExportLine out;
  out.kind = text_of(body, "kind");
  auto const inherited = body.find("inherited");
  if (inherited != body.end() && *inherited == true) out.kind = "inherited";
  out.schema = text_of(body, "schema");
  if (!out.schema.empty()) out.relation = text_of(body, "name");
  out.part = part_of(body, out.kind, number);
  out.body = std::string(line);
  return out;
}

}  // namespace

ExportDocument read_export(std::string_view text) {
  ExportDocument document;
  std::set<std::tuple<std::string, std::string, std::string, std::string>> seen;
  std::size_t number = 0;
  bool complete = false;
  while (!text.empty() && !complete) {
    std::size_t const end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    Json const body = parse_line(line, number);
    if (document.body.empty()) {
      read_header(body, line, document);
    } else if (std::string const kind = text_of(body, "kind"); kind == "end") {
      complete = true;
    } else if (kind == "ddl") {
      document.definitions.push_back({text_of(body, "class"), text_of(body, "object"), text_of(body, "sql")});
    } else {
      ExportLine one = as_line(body, line, number);
      if (seen.emplace(one.kind, one.schema, one.relation, one.part).second)
        document.lines.push_back(std::move(one));
    }
  }
  if (document.body.empty()) throw Error("22023", "this is no export of deal_advisor").hint(kAgain);
  if (!complete)
    throw Error("22023", "the export is cut off after line " + std::to_string(number)).hint(kAgain);
  return document;
}

}  // namespace deal::index
