/// Everything a shim needs from the bridge.
#pragma once

#include "core/base/error.hpp"
#include "server/bridge/guard.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/rows.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"
