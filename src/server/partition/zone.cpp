#include "server/partition/zone.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string_view>

#include "core/base/error.hpp"
#include "server/bridge/call.hpp"

extern "C" {
#include "pgtime.h"
#include "utils/timestamp.h"
}

namespace deal::server {

namespace {

constexpr pg_time_t kEpochShift =
    static_cast<pg_time_t>(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;

constexpr std::string_view kNamesWithDigits[] = {"est5edt", "cst6cdt", "mst7mdt", "pst8pdt",
                                                 "gmt0",    "gmt+0",   "gmt-0"};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// The server also takes POSIX rules ("CET-1CEST"), which all have a digit; names of the tz database rarely
/// do.
bool is_rule(const std::string& name) {
  if (std::none_of(name.begin(), name.end(),
                   [](unsigned char c) { return std::isdigit(c) != 0 || c == '<'; }))
    return false;
  std::string const folded = lower(name);
  bool const etc =
      folded.starts_with("etc/gmt") && folded.size() <= 10 && folded.find('<') == std::string::npos;
  return !etc && std::find(std::begin(kNamesWithDigits), std::end(kNamesWithDigits), folded) ==
                     std::end(kNamesWithDigits);
}

}  // namespace

partition::Zone server_zone(const std::string& name) {
  pg_tz* const zone = is_rule(name) ? nullptr : pg::call([&] { return pg_tzset(name.c_str()); });
  if (zone == nullptr || !pg_tz_acceptable(zone))
    throw Error("22023", "time zone \"" + name + "\" not recognized")
        .hint("Names such as 'Europe/Berlin' or 'UTC' are in pg_timezone_names.");
  // The server keeps zones for the life of the backend.
  auto const offset_at = [zone](std::int64_t seconds) -> std::int32_t {
    pg_time_t const time = seconds + kEpochShift;
    pg_tm const* const local = pg_localtime(&time, zone);
    return local == nullptr ? 0 : static_cast<std::int32_t>(local->tm_gmtoff);
  };
  return {pg_get_timezone_name(zone), offset_at};
}

}  // namespace deal::server
