#include "core/audit/claims.hpp"

#include <algorithm>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace deal::audit {

namespace {

/// The server's jsonb has no such character.
std::string without_nul(std::string text) {
  std::erase(text, '\0');
  return text;
}

bool has_nul(const std::string& json) {
  return json.find("\\u0000") != std::string::npos;
}

Json invalid(const std::string& text) {
  return Json{{"invalid", without_nul(std::string(utf8_prefix(text, 200)))}};
}

/// Nothing unless the text is a JSON object that the server can keep.
std::optional<Json> parse_object(const std::string& text) {
  Json document = Json::parse(text, nullptr, false);
  if (!document.is_object() || has_nul(text)) return std::nullopt;
  return document;
}

std::optional<std::string> user_of(const Json& document, const char* key) {
  auto const found = document.find(key);
  if (found == document.end() || found->is_null()) return std::nullopt;
  return found->is_string() ? found->get<std::string>() : found->dump();
}

void read_setting(const std::string& text, Claims& claims, Json& context) {
  if (text.empty()) return;
  std::optional<Json> const document = parse_object(text);
  if (!document) {
    context = invalid(text);
    return;
  }
  claims.user = user_of(*document, "user");
  auto const found = document->find("context");
  if (found != document->end() && found->is_object()) context = *found;
}

void read_token(const std::string& text, Claims& claims, Json& context) {
  if (text.empty()) return;
  std::optional<Json> const document = parse_object(text);
  if (!document) return;
  if (!claims.user) claims.user = user_of(*document, "sub");
  for (const char* key : {"role", "session_id"})
    if (auto const value = user_of(*document, key)) context["claims"][key] = *value;
}

}  // namespace

Claims read_claims(const std::string& setting, const std::string& token_claims) {
  Claims claims;
  Json context;
  read_setting(setting, claims, context);
  read_token(token_claims, claims, context);
  if (!context.is_null()) claims.context = context.dump(-1, ' ', false, Json::error_handler_t::replace);
  return claims;
}

std::string claims_setting(const Claims& claims) {
  Json setting = Json::object();
  if (claims.user) setting["user"] = *claims.user;
  if (claims.context) setting["context"] = Json::parse(*claims.context);
  return setting.empty() ? std::string() : setting.dump();
}

}  // namespace deal::audit
