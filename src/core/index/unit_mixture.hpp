#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace deal::index {

/// Keys seen in more units than this are simply scaled up; below, chance matters and a mixture is fitted.
inline constexpr int kRareUnits = 15;

/// How many keys were seen in 1, 2, 3 ... units; entry 0 is unused.
using SeenCounts = std::array<double, static_cast<std::size_t>(kRareUnits) + 1>;

/// Haas and Stokes' estimator Duj1 of the number of distinct keys: as if all had about as many units. `keys`
/// were seen in `units` units together, `once` of them in one; `inclusion` is the chance of a unit to be
/// sampled.
double duj1(double keys, double units, double once, double inclusion);

/// How many units the rare keys have in the whole table, as a mixture of possible numbers that best explains
/// how often they were seen.
class UnitMixture {
 public:
  /// No key has more than `max_units`.
  UnitMixture(double inclusion, double max_units);

  /// Fits the mixture.
  void fit(const SeenCounts& seen);

  /// Calls `use(units, keys)` for every number of units that a key seen `seen` times may have: for how many
  /// keys of the table with so many units that one key stands.
  template <typename Use>
  void expand(int seen, const Use& use) const {
    const std::vector<double> posterior = posterior_of(seen);
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (posterior[u] <= 1e-9) continue;
      const double units = units_[u] < seen ? seen : units_[u];
      use(units, posterior[u] / seen_probability(units_[u]));
    }
  }

 private:
  double seen_probability(double units) const;
  void fill_likelihood(std::size_t u);
  void start_around(double mean);
  double step(const SeenCounts& seen, double keys);
  std::vector<double> posterior_of(int seen) const;

  double inclusion_;
  std::vector<double> units_;
  std::vector<double> weights_;
  std::vector<double> next_;
  std::vector<SeenCounts> likelihood_;
};

}  // namespace deal::index
