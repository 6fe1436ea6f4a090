/// Our own time limits: statement_timeout set inside a function does not fire.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// A time limit on whatever runs while it lives. When it passes, the server's current work is cancelled at
/// its next interrupt check (SQLSTATE 57014), also inside one long planner call; `expired` then tells this
/// cancel from the user's. One at a time; needs a subtransaction around the work to go on afterwards.
class TimeLimit {
 public:
  /// `milliseconds` <= 0 means no limit.
  explicit TimeLimit(int64_t milliseconds);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
  bool expired() const;

 private:
  bool armed_;
};

/// CPU time of this backend so far, in seconds.
double cpu_seconds();
/// Monotonic wall clock, in milliseconds.
double elapsed_clock_ms();

}  // namespace pg
