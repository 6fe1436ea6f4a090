#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "server/workload/read.hpp"

namespace deal::server {

namespace {

Error bad_option(const std::string& key, const char* expected) {
  return Error("22023", "option \"" + key + "\" of the workload must be " + expected);
}

void set_option(WorkloadOptions& options, const std::string& key, const nlohmann::json& value) {
  if (key == "min_calls") {
    if (!value.is_number()) throw bad_option(key, "a number");
    options.min_calls = value.get<double>();
  } else if (key == "limit") {
    if (!value.is_number_integer() || value.get<int64_t>() < 0)
      throw bad_option(key, "a whole number, 0 or more");
    options.limit = value.get<int64_t>();
  } else if (key == "roles") {
    if (!value.is_array()) throw bad_option(key, "an array of role names");
    for (auto const& role : value) {
      if (!role.is_string()) throw bad_option(key, "an array of role names");
      options.roles.push_back(role.get<std::string>());
    }
  } else if (key == "include_utility" || key == "include_system") {
    if (!value.is_boolean()) throw bad_option(key, "true or false");
    (key == "include_utility" ? options.include_utility : options.include_system) = value.get<bool>();
  } else {
    throw Error("22023", "unknown option \"" + key + "\" of the workload")
        .hint("Known options: min_calls, limit, roles, include_utility, include_system.");
  }
}

}  // namespace

WorkloadOptions workload_options(const std::string& json) {
  auto const parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object()) throw Error("22023", "options of the workload must be a JSON object");
  WorkloadOptions options;
  for (auto const& [key, value] : parsed.items())
    set_option(options, key, value);
  return options;
}

}  // namespace deal::server
