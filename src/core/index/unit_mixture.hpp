#pragma once

#include <cstddef>
#include <vector>

#include "core/index/unit_shapes.hpp"

namespace deal::index {

/// Haas and Stokes' estimator Duj1 of the number of distinct keys: as if all had about as many units. `keys`
/// were seen in `units` units together, `once` of them in one; `inclusion` is the chance of a unit to be
/// sampled.
double duj1(double keys, double units, double once, double inclusion);

/// How many units the rare keys have in the whole table, as a mixture of possible numbers that explains how
/// often they were seen.
class UnitMixture {
 public:
  /// Keeps a reference to `shapes`.
  explicit UnitMixture(const UnitShapes& shapes) : shapes_(shapes) {}

  /// Fits the mixture. Many counts say little about the keys that were never seen, so what tables usually
  /// look like decides between mixtures that explain them as well. `evidence` is at most 1: the share of the
  /// counts that are independent of each other.
  void fit(const SeenCounts& seen, double evidence);

  /// Calls `use(units, keys)` for every number of units that a key seen `seen` times may have: for how many
  /// keys of the table with so many units that one key stands.
  template <typename Use>
  void expand(int seen, const Use& use) const {
    const std::vector<double>& units = shapes_.units();
    const std::vector<double> posterior = posterior_of(seen);
    for (std::size_t u = 0; u < units.size(); ++u) {
      if (posterior[u] <= 1e-9) continue;
      use(units[u] < seen ? seen : units[u], posterior[u] / shapes_.seen_probability(units[u]));
    }
  }

 private:
  void start_from_shapes(const SeenCounts& seen, double evidence);
  double step(const SeenCounts& seen, double keys);
  std::vector<double> posterior_of(int seen) const;

  const UnitShapes& shapes_;
  std::vector<double> weights_;  // of the keys seen
  std::vector<double> next_;
};

}  // namespace deal::index
