/// The one way in to the server's headers: standard library first, then the server inside extern "C", then
/// the server's macros that would break C++ are taken away again.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

extern "C" {
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/resowner.h"
}

#undef snprintf
#undef sprintf
#undef vsnprintf
#undef vsprintf
#undef fprintf
#undef vfprintf
#undef printf
#undef vprintf
#undef strerror
#undef strerror_r
#undef gettext
#undef dgettext
#undef ngettext
#undef Min
#undef Max
#undef Abs
#undef _

/// Visibility of the few symbols that leave the module (PostgreSQL 15's PGDLLEXPORT is empty).
#define DEAL_EXPORT __attribute__((visibility("default")))
