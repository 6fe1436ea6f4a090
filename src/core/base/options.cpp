#include "core/base/options.hpp"

#include <algorithm>
#include <limits>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace deal {

Options::Options(std::string_view advisor, const std::string& json) : advisor_(advisor) {
  auto const parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_object()) throw Error("22023", "options of " + advisor_ + " must be a JSON object");
  for (auto const& [key, value] : parsed.items())
    given_.emplace_back(key, value);
}

const Json* Options::find(const std::string& key) {
  known_.push_back(key);
  for (auto const& [name, value] : given_)
    if (name == key) return &value;
  return nullptr;
}

void Options::refuse(const std::string& key, const std::string& expected) const {
  throw Error("22023", "option \"" + key + "\" of " + advisor_ + " must be " + expected);
}

bool Options::boolean(const std::string& key, bool otherwise) {
  const Json* const value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) refuse(key, "true or false");
  return value->get<bool>();
}

double Options::number(const std::string& key, double otherwise, double least, double most) {
  const Json* const value = find(key);
  if (value == nullptr) return otherwise;
  double const number = value->is_number() ? value->get<double>() : least - 1;
  if (!value->is_number() || number < least || number > most)
    refuse(key, "a number from " + Json(least).dump() + " to " + Json(most).dump());
  return number;
}

std::int64_t Options::integer(const std::string& key, std::int64_t otherwise, std::int64_t least,
                              std::int64_t most) {
  const Json* const value = find(key);
  if (value == nullptr) return otherwise;
  // Beyond 63 bits JSON numbers are unsigned or fractions.
  bool const fits =
      value->is_number_integer() &&
      !(value->is_number_unsigned() &&
        value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  if (!fits || value->get<std::int64_t>() < least || value->get<std::int64_t>() > most)
    refuse(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return value->get<std::int64_t>();
}

std::string Options::text(const std::string& key, const std::string& otherwise) {
  const Json* const value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) refuse(key, "a string");
  return value->get<std::string>();
}

std::vector<std::string> Options::texts(const std::string& key) {
  const Json* const value = find(key);
  std::vector<std::string> out;
  if (value == nullptr) return out;
  if (!value->is_array()) refuse(key, "an array of strings");
  for (auto const& element : *value) {
    if (!element.is_string()) refuse(key, "an array of strings");
    out.push_back(element.get<std::string>());
  }
  return out;
}

void Options::finish() const {
  for (auto const& [name, value] : given_) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    std::string list;
    for (auto const& known : known_)
      list += (list.empty() ? "" : ", ") + known;
    throw Error("22023", "unknown option \"" + name + "\" of " + advisor_)
        .hint("Known options: " + list + ".");
  }
}

}  // namespace deal
