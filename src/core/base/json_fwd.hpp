#pragma once

#include <nlohmann/json_fwd.hpp>

namespace deal {

/// A JSON value that keeps its keys in the order they were set. Headers include this; a .cpp that makes or
/// reads values includes json.hpp, which is slow to compile.
using Json = nlohmann::ordered_json;

}  // namespace deal
