#include "server/bridge/settings.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace pg {

LocalSettings::LocalSettings() : level_(call([] { return NewGUCNestLevel(); })) {}

LocalSettings::~LocalSettings() {
  if (unwinding_.by_server_error()) return;
  int const level = level_;
  try {
    call([&] { AtEOXact_GUC(false, level); });
  } catch (const std::exception&) {
    return;  // the transaction's end puts them back
  }
}

void LocalSettings::set(const char* name, const std::string& value) const {
  call([&] {
    (void)set_config_option(name, value.c_str(), superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
                            GUC_ACTION_SAVE, true, 0, false);
  });
}

void set_for_transaction(const char* name, const std::string& value) {
  call([&] {
    (void)set_config_option(name, value.c_str(), superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
                            GUC_ACTION_LOCAL, true, 0, false);
  });
}

std::string setting(const char* name) {
  const char* const value = call([&]() -> const char* { return GetConfigOptionByName(name, nullptr, true); });
  return value != nullptr ? value : "";
}

}  // namespace pg
