#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.hpp"

namespace deal {

/// The `options jsonb` argument that every advisor has. Each option that an advisor knows is read once, with
/// its default; `finish` then refuses the keys nobody asked for. Wrong types and unknown keys are 22023
/// errors whose HINT lists the known options.
///
///   Options options("index_advice", json);
///   bool details = options.boolean("details", false);
///   options.finish();
class Options {
 public:
  /// `json` is the argument's text; anything but an object is an error.
  Options(std::string_view advisor, const std::string& json);

  bool boolean(const std::string& key, bool otherwise);
  /// A number within [least, most].
  double number(const std::string& key, double otherwise, double least, double most);
  std::int64_t integer(const std::string& key, std::int64_t otherwise, std::int64_t least, std::int64_t most);
  std::string text(const std::string& key, const std::string& otherwise);
  std::vector<std::string> texts(const std::string& key);
  void finish() const;

 private:
  const Json* find(const std::string& key);
  [[noreturn]] void refuse(const std::string& key, const std::string& expected) const;

  std::string advisor_;
  std::vector<std::pair<std::string, Json>> given_;
  std::vector<std::string> known_;
};

}  // namespace deal
