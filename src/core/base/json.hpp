#pragma once

#include <nlohmann/json.hpp>

#include "core/base/json_fwd.hpp"
