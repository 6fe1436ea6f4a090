#include "core/index/unit_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace deal::index {

namespace {

constexpr int kIterations = 2000;
constexpr double kLeastGain = 0.001;  // of log-likelihood in one iteration: less is chance
constexpr double kFloor = 1e-4;       // of every number of units in the start: the counts may ask for it
constexpr int kShares = 10;           // of rows with a key of their own: 0, 0.1 ... 0.9

// In powers of e: how much likelier than others are shapes without such rows and, among these, the one in
// which all keys have about as many. Without it any chance third or fourth meeting passes for a crowd of
// unique keys.
constexpr double kNoneUnique = 1.5;
constexpr double kAllAlike = 3.5;

// One explanation of the counts: a share of unique rows beside a shape between two neighbours of a family.
struct Explanation {
  const UnitShape* below;
  const UnitShape* above;
  double unique_share;
  double upper;  // share of `above` in what lies between the two
  double log_likelihood;
};

double between(const Explanation& e, double unique, double below, double above) {
  return e.unique_share * unique + (1 - e.unique_share) * ((1 - e.upper) * below + e.upper * above);
}

double keys_of(const Explanation& e, const UnitShape& unique) {
  return between(e, unique.keys, e.below->keys, e.above->keys);
}

// The member of the family that together with the unique rows gives the mean number of units per key seen.
std::optional<Explanation> match_mean(const std::vector<UnitShape>& family, const UnitShape& unique,
                                      double share, double mean) {
  const auto excess = [&](const UnitShape& shape) {
    return share * (unique.units - mean * unique.keys) + (1 - share) * (shape.units - mean * shape.keys);
  };
  const auto above =
      std::find_if(family.begin(), family.end(), [&](const UnitShape& shape) { return excess(shape) >= 0; });
  if (above == family.end()) return std::nullopt;
  if (above == family.begin()) return Explanation{&*above, &*above, share, 1, 0};
  const UnitShape& below = *(above - 1);
  const double low = excess(below);
  return Explanation{&below, &*above, share, -low / (excess(*above) - low), 0};
}

double log_likelihood(const Explanation& e, const UnitShape& unique, const SeenCounts& seen) {
  const double keys = keys_of(e, unique);
  double sum = 0;
  for (std::size_t j = 1; j < seen.size(); ++j) {
    if (seen[j] <= 0) continue;
    const double expected = between(e, unique.seen[j], e.below->seen[j], e.above->seen[j]);
    sum += seen[j] * std::log(std::max(expected / keys, 1e-300));
  }
  return sum;
}

std::vector<Explanation> explain(const UnitShapes& shapes, const SeenCounts& seen, double evidence) {
  double keys = 0;
  double units = 0;
  for (std::size_t j = 1; j < seen.size(); ++j) {
    keys += seen[j];
    units += static_cast<double>(j) * seen[j];
  }
  std::vector<Explanation> found;
  for (std::size_t family = 0; family < shapes.families(); ++family) {
    for (int step = 0; step < kShares; ++step) {
      auto matched = match_mean(shapes.family(family), shapes.unique(), static_cast<double>(step) / kShares,
                                units / keys);
      if (!matched) break;  // more unique rows would need still larger keys
      matched->log_likelihood = evidence * log_likelihood(*matched, shapes.unique(), seen);
      if (step == 0) matched->log_likelihood += family == 0 ? kAllAlike : kNoneUnique;
      found.push_back(*matched);
    }
  }
  return found;
}

}  // namespace

double duj1(double keys, double units, double once, double inclusion) {
  return keys / std::max(1.0 - (1.0 - inclusion) * once / units, 1e-12);
}

// Expectation-maximisation from the average explanation: the counts move the weights away only where they
// contradict it, which keeps the few facts of a small sample from being read too closely.
void UnitMixture::fit(const SeenCounts& seen, double evidence) {
  double keys = 0;
  for (const double count : seen)
    keys += count;
  if (keys <= 0) return;
  start_from_shapes(seen, evidence);
  double likelihood = step(seen, keys);
  for (int round = 0; round < kIterations; ++round) {
    const double before = likelihood;
    likelihood = step(seen, keys);
    if ((likelihood - before) * evidence < kLeastGain) break;
  }
}

void UnitMixture::start_from_shapes(const SeenCounts& seen, double evidence) {
  const std::size_t n = shapes_.units().size();
  const UnitShape& unique = shapes_.unique();
  const std::vector<Explanation> found = explain(shapes_, seen, evidence);
  weights_.assign(n, 0.0);
  double best = 0;
  for (const Explanation& e : found)
    best = &e == found.data() ? e.log_likelihood : std::max(best, e.log_likelihood);
  for (const Explanation& e : found) {
    const double posterior = std::exp(e.log_likelihood - best);
    if (posterior < 1e-4) continue;
    const double scale = posterior / keys_of(e, unique);
    for (std::size_t u = 0; u < n; ++u)
      weights_[u] += scale * between(e, unique.weights[u], e.below->weights[u], e.above->weights[u]);
  }
  if (found.empty()) weights_.back() = 1;  // seen more often than any number of the grid explains
  double total = 0;
  for (const double weight : weights_)
    total += weight;
  for (std::size_t u = 0; u < n; ++u)
    weights_[u] = weights_[u] / total + kFloor * shapes_.rare_rate(u);
}

std::vector<double> UnitMixture::posterior_of(int seen) const {
  const std::vector<double>& units = shapes_.units();
  std::vector<double> posterior(units.size());
  double total = 0;
  for (std::size_t u = 0; u < units.size(); ++u) {
    posterior[u] = weights_[u] * shapes_.likelihood(u)[static_cast<std::size_t>(seen)];
    total += posterior[u];
  }
  if (total <= 0) {  // nothing explains it: take the number that scales up
    const auto nearest = std::lower_bound(units.begin(), units.end() - 1, seen / shapes_.inclusion());
    posterior[static_cast<std::size_t>(nearest - units.begin())] = 1;
    return posterior;
  }
  for (double& p : posterior)
    p /= total;
  return posterior;
}

// One iteration; returns the log-likelihood before it.
double UnitMixture::step(const SeenCounts& seen, double keys) {
  const std::size_t n = weights_.size();
  next_.assign(n, 0.0);
  double log_likelihood = 0;
  for (std::size_t j = 1; j < seen.size(); ++j) {
    if (seen[j] <= 0) continue;
    double total = 0;
    for (std::size_t u = 0; u < n; ++u)
      total += weights_[u] * shapes_.likelihood(u)[j];
    if (total <= 0) continue;
    log_likelihood += seen[j] * std::log(total);
    const double share = seen[j] / keys / total;
    for (std::size_t u = 0; u < n; ++u)
      next_[u] += share * weights_[u] * shapes_.likelihood(u)[j];
  }
  weights_.swap(next_);
  return log_likelihood;
}

}  // namespace deal::index
