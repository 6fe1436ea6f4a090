#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

namespace deal::index {

/// Keys seen in more units than this are simply scaled up; below, chance matters and a mixture is fitted.
inline constexpr int kRareUnits = 15;

/// How many keys were seen in 1, 2, 3 ... units; entry 0 is unused.
using SeenCounts = std::array<double, static_cast<std::size_t>(kRareUnits) + 1>;

/// What keys with certain numbers of units would look like in the sample, per row's unit in the table.
struct UnitShape {
  std::vector<double> weights;  ///< of each number of units of the grid: keys seen
  SeenCounts seen{};            ///< keys seen in 1, 2, 3 ... units
  double keys = 0;              ///< keys seen
  double units = 0;             ///< units seen
};

/// The numbers of units that a key may have, what chance makes of each, and the shapes that their
/// distribution usually has: around one number, more or less widely, or decaying from it. Depends only on the
/// sampling, so that one object serves every key of a table.
class UnitShapes {
 public:
  /// `inclusion` is the chance of a unit to be sampled; no key has more than `max_units`.
  UnitShapes(double inclusion, double max_units);

  double inclusion() const { return inclusion_; }
  /// The grid, ascending from 1.
  const std::vector<double>& units() const { return units_; }
  /// How often a key with units()[u] is seen, given that it is seen in 1 to kRareUnits units.
  const SeenCounts& likelihood(std::size_t u) const { return likelihood_[u]; }
  /// Chance that a key with so many units is seen at all.
  double seen_probability(double units) const;
  /// Chance to see it in 1 to kRareUnits units, per unit.
  double rare_rate(std::size_t u) const { return rare_rate_[u]; }

  /// All keys have one unit.
  const UnitShape& unique() const { return unique_; }
  /// The first family is the narrowest one: all keys have about as many units.
  std::size_t families() const { return families_.size(); }
  /// Shapes around, or from, each number of the grid.
  const std::vector<UnitShape>& family(std::size_t number) const { return families_[number]; }

 private:
  void add_likelihood(double units);
  UnitShape shape(std::size_t center, double width, bool decays) const;

  double inclusion_;
  std::vector<double> units_;
  std::vector<double> log_units_;
  std::vector<double> spacing_;  // of the grid, in powers of e
  std::vector<SeenCounts> likelihood_;
  std::vector<double> rare_rate_;
  std::vector<double> mean_seen_;
  UnitShape unique_;
  std::vector<std::vector<UnitShape>> families_;
};

/// The shapes made last, for all samples that are taken in the same way.
class UnitShapesCache {
 public:
  /// As the constructor of UnitShapes; good until the next call.
  const UnitShapes& at(double inclusion, double max_units);

 private:
  std::optional<UnitShapes> shapes_;
  double max_units_ = 0;  // of the grid
};

}  // namespace deal::index
