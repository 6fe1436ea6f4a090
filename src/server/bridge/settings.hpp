/// Settings (GUCs): our own, and the server's set for a scope.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// Sets server settings until the scope ends; on a server error the (sub)transaction's abort puts them back.
class LocalSettings {
 public:
  LocalSettings();
  ~LocalSettings();
  LocalSettings(const LocalSettings&) = delete;
  LocalSettings& operator=(const LocalSettings&) = delete;
  /// Sets with the rights of the current role; an invalid value is the server's error.
  void set(const char* name, const std::string& value) const;

 private:
  detail::Unwinding unwinding_;
  int level_;
};

/// Sets a setting until the transaction ends, as SET LOCAL does; a savepoint's rollback takes it back.
void set_for_transaction(const char* name, const std::string& value);

/// The value of a setting as SHOW prints it; empty when the setting does not exist.
std::string setting(const char* name);

}  // namespace pg
