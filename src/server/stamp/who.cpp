#include "server/stamp/who.hpp"

#include "core/stamp/stamp.hpp"
#include "server/bridge/role.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/guc.h"
}

namespace deal::server {

namespace {

constexpr const char* kSetting = "deal_advisor.audit_context";

/// The answer of the last call, and what it was made from. Rows of a statement share it.
struct Known {
  std::string context;
  bool by_context = false;
  std::string name;
};

bool fits_encoding(const std::string& text) {
  return pg_verifymbstr(text.c_str(), static_cast<int>(text.size()), true);
}

}  // namespace

const std::string& who() {
  static auto* const known = new Known;
  const char* const context = pg::call([] { return GetConfigOption(kSetting, true, false); });
  std::string_view const text = context != nullptr ? context : "";
  if (text != known->context) {
    known->context = text;
    known->name = stamp::user_of_context(known->context).value_or("");
    known->by_context = !known->name.empty() && fits_encoding(known->name);
  }
  if (!known->by_context) known->name = pg::role_name(GetOuterUserId());
  return known->name;
}

}  // namespace deal::server
