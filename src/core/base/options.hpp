#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json_fwd.hpp"

namespace deal {

/// The `options jsonb` argument of an advisor. Unknown keys and values of the wrong type are errors (22023)
/// whose HINT lists the valid keys.
class Options {
 public:
  /// `json` is the argument's text; `valid` are the keys that the advisor knows.
  Options(std::string_view json, std::initializer_list<std::string_view> valid);
  ~Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  /// Values; nothing when the key is absent or null.
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string> text(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  /// An array of strings; empty when absent.
  std::vector<std::string> texts(std::string_view key) const;

 private:
  const Json* value(std::string_view key) const;
  std::unique_ptr<Json> object_;
};

}  // namespace deal
