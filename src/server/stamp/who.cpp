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

/// The user of the context, if its text fits the database's encoding.
std::optional<std::string> user_in(const std::string& context) {
  auto user = stamp::user_of_context(context);
  if (!user) return std::nullopt;
  bool const fits = pg_verifymbstr(user->data(), static_cast<int>(user->size()), true);
  return fits ? user : std::nullopt;
}

}  // namespace

const std::string& who() {
  static auto* const known = new Known;
  const char* const context = pg::call([] { return GetConfigOption(kSetting, true, false); });
  std::string_view const text = context != nullptr ? context : "";
  if (text != known->context) {
    known->context = text;
    auto user = user_in(known->context);
    known->by_context = user.has_value();
    if (user) known->name = std::move(*user);
  }
  if (!known->by_context) known->name = pg::role_name(GetOuterUserId());
  return known->name;
}

}  // namespace deal::server
