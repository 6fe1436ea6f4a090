#pragma once

#include <cstdint>
#include <vector>

#include "core/index/search.hpp"

namespace deal::index {

/// Under a net budget: which existing indexes a candidate would replace, so that their bytes may be spent
/// again. That an existing index is covered doesn't mean that no query misses it; what proves to be missed is
/// denied, and from then on gives nothing back.
class Refunds {
 public:
  explicit Refunds(const Problem& problem);

  /// Existing candidates whose bytes come back when this one is chosen.
  const std::vector<int>& of(int candidate) const { return of_[static_cast<std::size_t>(candidate)]; }
  /// True if any candidate gives back anything.
  bool any() const { return any_; }
  /// Bytes of a selection less what it gives back.
  std::int64_t net_bytes(const std::vector<int>& chosen) const;
  /// From now on this existing candidate gives nothing back. False if it didn't anyway.
  bool deny(int existing);

 private:
  const Problem* problem_;
  std::vector<std::vector<int>> of_;
  bool any_ = false;
};

}  // namespace deal::index
