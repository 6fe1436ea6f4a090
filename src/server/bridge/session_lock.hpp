/// A lock that outlives the transactions of a procedure: one session at a time works on something.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// Holds an advisory lock on a number until the scope ends or the statement fails. One at a time per session.
class SessionLock {
 public:
  /// `held` tells whether it could be had at once.
  explicit SessionLock(Oid object);
  ~SessionLock();
  SessionLock(const SessionLock&) = delete;
  SessionLock& operator=(const SessionLock&) = delete;
  bool held() const { return held_; }

 private:
  bool held_;
};

}  // namespace pg
