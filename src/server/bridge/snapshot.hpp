/// Seeing what the current command itself has done.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// Makes a snapshot current for a scope that shows what was written so far in this transaction.
class FreshSnapshot {
 public:
  FreshSnapshot();
  ~FreshSnapshot();
  FreshSnapshot(const FreshSnapshot&) = delete;
  FreshSnapshot& operator=(const FreshSnapshot&) = delete;

 private:
  detail::Unwinding unwinding_;
};

/// Makes a snapshot current for a scope that shows what is committed by now, whatever the transaction's
/// isolation level: for catalogs of our own, which must be as new as the server's.
class LatestSnapshot {
 public:
  LatestSnapshot();
  ~LatestSnapshot();
  LatestSnapshot(const LatestSnapshot&) = delete;
  LatestSnapshot& operator=(const LatestSnapshot&) = delete;

 private:
  detail::Unwinding unwinding_;
};

}  // namespace pg
