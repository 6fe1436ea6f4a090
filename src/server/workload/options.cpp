#include "core/base/options.hpp"

#include <cfloat>

#include "server/workload/read.hpp"

namespace deal::server {

WorkloadOptions workload_options(const std::string& json) {
  Options given("workload", json);
  WorkloadOptions options;
  options.min_calls = given.number("min_calls", 0, 0, DBL_MAX);
  options.limit = given.integer("limit", 0, 0, INT32_MAX);
  options.roles = given.texts("roles");
  options.include_utility = given.boolean("include_utility", false);
  options.include_system = given.boolean("include_system", false);
  given.finish();
  return options;
}

}  // namespace deal::server
