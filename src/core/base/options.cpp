#include "core/base/options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace deal {

namespace {

Error wrong_type(std::string_view key, std::string_view expected) {
  return {"22023", fmt::format("option \"{}\" must be {}", key, expected)};
}

}  // namespace

Options::Options(std::string_view json, std::initializer_list<std::string_view> valid)
    : object_(std::make_unique<Json>(Json::parse(json, nullptr, false))) {
  std::string const hint = valid.size() == 0 ? "This function has no options yet: leave them out."
                                             : fmt::format("Options: {}.", fmt::join(valid, ", "));
  if (!object_->is_object()) throw Error("22023", "options must be a JSON object").hint(hint);
  for (auto const& item : object_->items())
    if (std::find(valid.begin(), valid.end(), item.key()) == valid.end())
      throw Error("22023", fmt::format("unknown option \"{}\"", item.key())).hint(hint);
}

Options::~Options() = default;

const Json* Options::value(std::string_view key) const {
  auto const found = object_->find(key);
  return found != object_->end() && !found->is_null() ? &*found : nullptr;
}

std::optional<bool> Options::boolean(std::string_view key) const {
  const Json* const found = value(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_boolean()) throw wrong_type(key, "true or false");
  return found->get<bool>();
}

std::optional<std::string> Options::text(std::string_view key) const {
  const Json* const found = value(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_string()) throw wrong_type(key, "a string");
  return found->get<std::string>();
}

std::optional<double> Options::number(std::string_view key) const {
  const Json* const found = value(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_number()) throw wrong_type(key, "a number");
  return found->get<double>();
}

std::vector<std::string> Options::texts(std::string_view key) const {
  std::vector<std::string> list;
  const Json* const found = value(key);
  if (found == nullptr) return list;
  if (!found->is_array()) throw wrong_type(key, "an array of strings");
  for (auto const& element : *found) {
    if (!element.is_string()) throw wrong_type(key, "an array of strings");
    list.push_back(element.get<std::string>());
  }
  return list;
}

}  // namespace deal
