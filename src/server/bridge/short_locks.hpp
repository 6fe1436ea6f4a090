/// Taking strong locks without making others queue for long: give up soon, let go of everything, try again.
#pragma once

#include "server/bridge/settings.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/bridge/time_limit.hpp"
#include "server/bridge/transaction.hpp"

namespace pg {

/// How long to wait for a lock, and how often to come back.
struct LockPatience {
  int timeout_ms = 50;  ///< others queue behind our request for no longer than this
  int most_tries = 60;  ///< then 55P03 is thrown on
  int pause_ms = 250;   ///< between tries, on average; half to one and a half times as long
};

/// What it took.
struct LockEffort {
  int tries = 1;
  double waited_ms = 0;  ///< from the first failed try to the last one's begin
};

namespace detail {
/// True for "lock not available" and for a deadlock, which the retry solves as well.
bool is_lock_trouble(const Failure& failure);
double jittered(int pause_ms);
[[noreturn]] void give_up(const Failure& failure, const LockPatience& patience, const LockEffort& effort);
}  // namespace detail

/// Runs `body` in a subtransaction with a short lock_timeout. When a lock can't be had, the subtransaction is
/// rolled back, which frees every lock it took; `between(milliseconds)` then waits (pg::pause, or
/// pg::commit_and_pause in a procedure, so that the wait holds no snapshot either), and it all begins anew.
/// Any other failure is thrown. DDL in the body must take the parent's lock first. Errors: 55P03 with what
/// blocks it in the HINT, after the last try.
template <class Between, class Body>
LockEffort with_short_locks(const LockPatience& patience, Between&& between, Body&& body) {
  LockEffort effort;
  double began = 0;
  for (;; ++effort.tries) {
    std::optional<Failure> const failure = attempt(OnSuccess::commit, [&] {
      LocalSettings const settings;
      settings.set("lock_timeout", std::to_string(patience.timeout_ms));
      body();
    });
    if (!failure) return effort;
    if (!detail::is_lock_trouble(*failure)) throw deal::Error(failure->sqlstate, failure->message);
    if (began == 0) began = elapsed_clock_ms();
    if (effort.tries >= patience.most_tries) detail::give_up(*failure, patience, effort);
    between(detail::jittered(patience.pause_ms));
    effort.waited_ms = elapsed_clock_ms() - began;
  }
}

}  // namespace pg
