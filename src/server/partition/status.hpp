/// What state the sets are in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/partition/maintain.hpp"

namespace deal::server {

/// One set as partition_status tells it.
struct SetStatus {
  std::string parent;  ///< quoted
  std::string key;     ///< column and kind
  std::string step;
  std::string zone;
  std::string state;  ///< ok, due, failing, disabled, gone, "owner changed", error
  std::string detail;
  int partitions = 0;
  std::optional<std::string> oldest;       ///< lower boundary of the first partition
  std::optional<std::string> ready_until;  ///< upper boundary of the last one
  std::optional<double> runway_days;       ///< from now to ready_until; none for integers
  std::optional<double> default_rows;      ///< estimate; none without a default partition
  std::optional<std::string> retention;
  std::optional<std::string> last_ok;
  std::optional<std::string> last_error;
  std::optional<std::string> next_try;
};

/// All sets whose table the calling role may see (its owner's rights, or pg_monitor), by name. Changes
/// nothing.
std::vector<SetStatus> set_status();

}  // namespace deal::server
