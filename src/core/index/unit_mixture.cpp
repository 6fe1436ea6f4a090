#include "core/index/unit_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace deal::index {

namespace {

constexpr int kIterations = 10000;
constexpr double kLeastGain = 0.0003;  // of log-likelihood in one iteration: less is chance
constexpr double kStartWidth = 0.35;   // of the start, in powers of e
constexpr double kGridRatio = 1.25;    // between neighbouring numbers of units

}  // namespace

double duj1(double keys, double units, double once, double inclusion) {
  return keys / std::max(1.0 - (1.0 - inclusion) * once / units, 1e-12);
}

UnitMixture::UnitMixture(double inclusion, double max_units) : inclusion_(inclusion) {
  const double most = std::clamp(1.5 * kRareUnits / inclusion, 1.0, std::max(1.0, max_units));
  units_.push_back(1);
  for (;;) {
    const double next = std::max(units_.back() + 1, std::floor(units_.back() * kGridRatio));
    if (next > most) break;
    units_.push_back(next);
  }
  weights_.assign(units_.size(), 0.0);
  likelihood_.resize(units_.size());
  for (std::size_t u = 0; u < units_.size(); ++u)
    fill_likelihood(u);
}

// Expectation-maximisation from a start around one number for all (Duj1's answer): the counts move the
// weights away only where they contradict it, which keeps the few facts of a small sample from being read too
// closely.
void UnitMixture::fit(const SeenCounts& seen) {
  double keys = 0;
  double units = 0;
  for (std::size_t j = 1; j < seen.size(); ++j) {
    keys += seen[j];
    units += static_cast<double>(j) * seen[j];
  }
  if (keys <= 0) return;
  start_around(std::max(1.0, units / inclusion_ / duj1(keys, units, seen[1], inclusion_)));
  double likelihood = step(seen, keys);
  for (int round = 0; round < kIterations; ++round) {
    const double before = likelihood;
    likelihood = step(seen, keys);
    if (likelihood - before < kLeastGain) break;
  }
}

double UnitMixture::seen_probability(double units) const {
  return inclusion_ >= 1 ? 1.0 : -std::expm1(units * std::log1p(-inclusion_));
}

// Binomial, given that the key was seen at all and not too often.
void UnitMixture::fill_likelihood(std::size_t u) {
  const double units = units_[u];
  double total = 0;
  for (int j = 1; j <= kRareUnits && j <= units; ++j) {
    const double p = std::exp(std::lgamma(units + 1) - std::lgamma(j + 1.0) - std::lgamma(units - j + 1) +
                              j * std::log(inclusion_) + (units - j) * std::log1p(-inclusion_));
    likelihood_[u][static_cast<std::size_t>(j)] = p;
    total += p;
  }
  for (double& p : likelihood_[u])
    p = total > 0 ? p / total : 0;
}

void UnitMixture::start_around(double mean) {
  double total = 0;
  for (std::size_t u = 0; u < units_.size(); ++u) {
    const double distance = std::log(units_[u] / mean) / kStartWidth;
    weights_[u] = seen_probability(units_[u]) / units_[u] * (std::exp(-0.5 * distance * distance) + 1e-2);
    total += weights_[u];
  }
  for (double& weight : weights_)
    weight /= total;
}

std::vector<double> UnitMixture::posterior_of(int seen) const {
  std::vector<double> posterior(units_.size());
  double total = 0;
  for (std::size_t u = 0; u < units_.size(); ++u) {
    posterior[u] = weights_[u] * likelihood_[u][static_cast<std::size_t>(seen)];
    total += posterior[u];
  }
  if (total <= 0) {  // nothing explains it: take the number that scales up
    const auto nearest = std::lower_bound(units_.begin(), units_.end() - 1, seen / inclusion_);
    posterior[static_cast<std::size_t>(nearest - units_.begin())] = 1;
    return posterior;
  }
  for (double& p : posterior)
    p /= total;
  return posterior;
}

// One iteration; returns the log-likelihood before it.
double UnitMixture::step(const SeenCounts& seen, double keys) {
  next_.assign(units_.size(), 0.0);
  double log_likelihood = 0;
  for (std::size_t j = 1; j < seen.size(); ++j) {
    if (seen[j] <= 0) continue;
    double total = 0;
    for (std::size_t u = 0; u < units_.size(); ++u)
      total += weights_[u] * likelihood_[u][j];
    if (total <= 0) continue;
    log_likelihood += seen[j] * std::log(total);
    const double share = seen[j] / keys / total;
    for (std::size_t u = 0; u < units_.size(); ++u)
      next_[u] += share * weights_[u] * likelihood_[u][j];
  }
  weights_.swap(next_);
  return log_likelihood;
}

}  // namespace deal::index
