#pragma once

#include <cstdint>
#include <string>

namespace deal_test {

/// Counts the objects that exist: after any error the number must be what it was before.
class Live {
 public:
  Live();
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;
  static int64_t count();
  static int64_t ever_made();
  /// Microseconds (server's epoch) at which the number last fell to 0.
  static int64_t emptied_at();

 private:
  std::string heap_;  // long enough to need malloc: a leak is then also one of the process
};

}  // namespace deal_test
