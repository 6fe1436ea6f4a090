#include "core/audit/enable_call.hpp"

#include <fmt/format.h>

#include "core/base/quote.hpp"

namespace deal::audit {

namespace {

void add_array(std::string& call, const char* name, const std::vector<std::string>& elements) {
  if (elements.empty()) return;
  std::string list;
  for (std::string const& element : elements)
    list += (list.empty() ? "" : ", ") + quote_literal(element);
  call += fmt::format(", {} => ARRAY[{}]", name, list);
}

void add_text(std::string& call, const char* name, const std::string& value, const std::string& usual) {
  if (value != usual) call += fmt::format(", {} => {}", name, quote_literal(value));
}

void add_flag(std::string& call, const char* name, bool value, bool usual) {
  if (value != usual) call += fmt::format(", {} => {}", name, value);
}

}  // namespace

std::string enable_call(const EnableSettings& settings) {
  const EnableSettings usual;
  std::string call = "SELECT deal_advisor.audit_enable(" + quote_literal(settings.table);
  add_text(call, "mode", settings.mode, usual.mode);
  add_array(call, "ignore", settings.ignored);
  add_array(call, "redact", settings.redacted);
  add_array(call, "hash", settings.hashed);
  add_flag(call, "truncate_rows", settings.truncate_rows, usual.truncate_rows);
  add_flag(call, "statement", settings.statement, usual.statement);
  add_flag(call, "insert_image", settings.insert_image, usual.insert_image);
  add_text(call, "fire", settings.fire, usual.fire);
  add_text(call, "log_owner", settings.log_owner, usual.log_owner);
  add_text(call, "options", settings.options, usual.options);
  return call + ")";
}

}  // namespace deal::audit
