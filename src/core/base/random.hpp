#pragma once

#include <cstdint>

namespace deal {

/// Spreads the bits of a number over all 64 (the finaliser of splitmix64). Good for combining hashes.
constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// A small deterministic generator (splitmix64): the same seed gives the same numbers everywhere. For samples
/// and tests, never for secrets.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

  /// 64 random bits.
  constexpr std::uint64_t next() noexcept { return mix64(state_ += 0x9e3779b97f4a7c15ULL); }

  /// Uniform in [0, bound); 0 if bound is 0.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    // Multiply-shift: the bias is below 2^-32 for any bound that fits memory.
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }

  /// Uniform in [0, 1).
  constexpr double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace deal
