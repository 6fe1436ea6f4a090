#include "server/bridge/time_limit.hpp"

#include <csignal>
#include <ctime>

#include "core/base/error.hpp"

extern "C" {
#include "storage/latch.h"
#include "utils/timeout.h"
}

namespace pg {

namespace {

volatile sig_atomic_t expired_flag = 0;
bool in_use = false;
TimeoutId timeout_id = MAX_TIMEOUTS;

/// Our mark on a pending cancel; the server's own handler leaves `true`, so a user's cancel can be told from
/// ours.
constexpr sig_atomic_t kOurCancel = 2;

extern "C" void on_time_limit() {
  expired_flag = 1;
  InterruptPending = 1;
  if (QueryCancelPending == 0) QueryCancelPending = kOurCancel;
  SetLatch(MyLatch);
}

double clock_seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

TimeLimit::TimeLimit(int64_t milliseconds) : armed_(milliseconds > 0) {
  if (!armed_) return;
  if (in_use) throw deal::Error("XX000", "time limits do not nest");
  expired_flag = 0;
  int const delay = milliseconds > INT32_MAX ? INT32_MAX : static_cast<int>(milliseconds);
  call([&] {
    if (timeout_id == MAX_TIMEOUTS) timeout_id = RegisterTimeout(USER_TIMEOUT, on_time_limit);
    enable_timeout_after(timeout_id, delay);
  });
  in_use = true;
}

TimeLimit::~TimeLimit() {
  if (!armed_) return;
  in_use = false;
  disable_timeout(timeout_id, false);
  // Fired after the last interrupt check of the work: it must not cancel what follows.
  if (QueryCancelPending == kOurCancel) QueryCancelPending = 0;
}

bool TimeLimit::expired() const {
  return armed_ && expired_flag != 0;
}

double cpu_seconds() {
  return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}
double elapsed_clock_ms() {
  return clock_seconds(CLOCK_MONOTONIC) * 1e3;
}

}  // namespace pg
