#include "core/index/unit_shapes.hpp"

#include <algorithm>
#include <cmath>

namespace deal::index {

namespace {

constexpr double kGridRatio = 1.25;  // between neighbouring numbers of units

// No grid need go beyond.
double most_units(double inclusion, double max_units) {
  return std::clamp(1.5 * kRareUnits / inclusion, 1.0, std::max(1.0, max_units));
}

// In powers of e. Log-normal for keys that differ by nature, decaying for those of a power law: few customers
// with many orders, and no customer with fewer than some.
constexpr double kAround[] = {0.2, 0.6, 1.2, 2.2};
constexpr double kDecay[] = {0.7, 1.5};

}  // namespace

UnitShapes::UnitShapes(double inclusion, double max_units) : inclusion_(inclusion) {
  const double most = most_units(inclusion, max_units);
  double units = 1;
  while (units <= most) {
    add_likelihood(units);
    units = std::max(units + 1, std::floor(units * kGridRatio));
  }
  const std::size_t n = units_.size();
  for (std::size_t u = 0; u < n; ++u) {
    const double above = u + 1 < n ? log_units_[u + 1] : log_units_[u] + std::log(kGridRatio);
    const double below = u > 0 ? log_units_[u - 1] : -std::log(kGridRatio);
    spacing_.push_back((above - below) / 2);
  }
  unique_.weights.assign(n, 0.0);
  unique_.weights[0] = unique_.seen[1] = unique_.keys = unique_.units = rare_rate_[0];
  const auto add_family = [&](double width, bool decays) {
    std::vector<UnitShape>& family = families_.emplace_back();
    for (std::size_t center = 0; center < n; ++center)
      family.push_back(shape(center, width, decays));
  };
  for (const double width : kAround)
    add_family(width, false);
  for (const double width : kDecay)
    add_family(width, true);
}

double UnitShapes::seen_probability(double units) const {
  return inclusion_ >= 1 ? 1.0 : -std::expm1(units * std::log1p(-inclusion_));
}

// Binomial, given that the key was seen at all and not too often.
void UnitShapes::add_likelihood(double units) {
  SeenCounts chances{};
  double total = 0;
  double mean = 0;
  for (int j = 1; j <= kRareUnits && j <= units; ++j) {
    const double p = std::exp(std::lgamma(units + 1) - std::lgamma(j + 1.0) - std::lgamma(units - j + 1) +
                              j * std::log(inclusion_) + (units - j) * std::log1p(-inclusion_));
    chances[static_cast<std::size_t>(j)] = p;
    total += p;
    mean += j * p;
  }
  for (double& p : chances)
    p = total > 0 ? p / total : 0;
  units_.push_back(units);
  log_units_.push_back(std::log(units));
  likelihood_.push_back(chances);
  rare_rate_.push_back(total / units);
  mean_seen_.push_back(total > 0 ? mean / total : 0);
}

UnitShape UnitShapes::shape(std::size_t center, double width, bool decays) const {
  UnitShape shape;
  shape.weights.assign(units_.size(), 0.0);
  double total = 0;
  for (std::size_t u = decays ? center : 0; u < units_.size(); ++u) {
    const double distance = (log_units_[u] - log_units_[center]) / width;
    const double weight = spacing_[u] * std::exp(decays ? -distance : -0.5 * distance * distance);
    total += weight;
    shape.weights[u] = weight * rare_rate_[u];
  }
  for (std::size_t u = 0; u < units_.size(); ++u) {
    const double weight = shape.weights[u] /= total;
    shape.keys += weight;
    shape.units += weight * mean_seen_[u];
    for (std::size_t j = 1; j < shape.seen.size(); ++j)
      shape.seen[j] += weight * likelihood_[u][j];
  }
  return shape;
}

const UnitShapes& UnitShapesCache::at(double inclusion, double max_units) {
  const double most = most_units(inclusion, max_units);
  if (!shapes_ || shapes_->inclusion() != inclusion || max_units_ != most) {
    shapes_.emplace(inclusion, max_units);
    max_units_ = most;
  }
  return *shapes_;
}

}  // namespace deal::index
