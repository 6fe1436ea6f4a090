/// How maintenance of each set has fared: deal_advisor_data.partition_run.
#pragma once

#include <string>

#include "server/partition/maintain.hpp"

namespace deal::server {

/// Notes the outcome of a pass and, after a failure, when to try again: after a minute, then twice as long
/// each time, a day at most.
void record_run(const StoredSet& stored, const Outcome& outcome);

/// What is known of a set's passes; times as text in the session's zone.
struct RunHistory {
  std::optional<std::string> last_ok;
  std::optional<std::string> last_error;
  std::optional<std::string> next_try;  ///< only while it is to wait
};
RunHistory run_history(const StoredSet& stored);

/// Why the set must wait after failures, in words; empty: it need not.
std::string waiting(const StoredSet& stored);

}  // namespace deal::server
