#include "core/index/key_groups.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <unordered_map>

#include "core/base/interrupt.hpp"
#include "core/base/random.hpp"

namespace deal::index {

namespace {

// Keys seen in more blocks than this are simply scaled up; below, chance matters and a mixture is fitted.
constexpr int kRareUnits = 15;
constexpr int kIterations = 10000;
constexpr double kLeastGain = 0.0003;  // of log-likelihood in one iteration: less is chance
constexpr double kStartWidth = 0.35;   // of the start, in powers of e

// One sampled key. A unit is a block that holds it, or several sampled neighbours that one run of its rows
// crosses.
// Small, because a sample has tens of thousands.
struct SeenKey {
  std::uint64_t hash = 0;
  std::uint32_t last_block = 0;
  std::uint32_t rows = 0;
  std::uint32_t bytes = 0;     // sum over the rows
  std::uint32_t followed = 0;  // rows followed by one of the same key in the same block
  std::uint32_t edges = 0;     // rows that are the last of their block
  int units = 0;
};

// Finds keys by hash: open addressing over positions in a vector, never more than half full.
class KeyTable {
 public:
  explicit KeyTable(std::size_t rows) {
    std::size_t size = 16;
    while (size < 2 * rows)
      size *= 2;
    slots_.assign(size, 0);
    keys_.reserve(rows);
  }

  SeenKey& at(std::uint64_t hash) {
    std::size_t slot = mix64(hash) & (slots_.size() - 1);
    while (slots_[slot] != 0) {
      SeenKey& key = keys_[slots_[slot] - 1];
      if (key.hash == hash) return key;
      slot = (slot + 1) & (slots_.size() - 1);
    }
    keys_.emplace_back();
    keys_.back().hash = hash;
    slots_[slot] = static_cast<std::uint32_t>(keys_.size());
    return keys_.back();
  }

  std::vector<SeenKey> take() { return std::move(keys_); }

 private:
  std::vector<std::uint32_t> slots_;  // position + 1 in keys_, 0 if free
  std::vector<SeenKey> keys_;
};

std::vector<SeenKey> count_keys(const KeySample& sample, bool leading) {
  KeyTable table(sample.rows.size());
  InterruptPoll poll;
  const auto hash = [leading](const SampledRow& row) { return leading ? row.leading_hash : row.key_hash; };
  for (std::size_t i = 0; i < sample.rows.size(); ++i) {
    poll.step();
    const SampledRow& row = sample.rows[i];
    const bool last = i + 1 == sample.rows.size() || sample.rows[i + 1].block != row.block;
    const bool continues_run =
        i > 0 && sample.rows[i - 1].block + 1 == row.block && hash(sample.rows[i - 1]) == hash(row);
    SeenKey& key = table.at(hash(row));
    if (key.units == 0 || (key.last_block != row.block && !continues_run)) ++key.units;
    key.last_block = row.block;
    key.rows += 1;
    key.bytes += row.key_bytes;
    key.followed += !last && hash(sample.rows[i + 1]) == hash(row) ? 1 : 0;
    key.edges += last ? 1 : 0;
  }
  return table.take();
}

// Haas and Stokes' estimator Duj1: as if all keys had about as many units.
double duj1(double keys, double units, double once, double inclusion) {
  return keys / std::max(1.0 - (1.0 - inclusion) * once / units, 1e-12);
}

// The possible numbers of units of a rare key in the whole table, and how likely each is to be seen so often.
class UnitMixture {
 public:
  UnitMixture(double inclusion, double max_units) : inclusion_(inclusion) {
    const double most = std::clamp(1.5 * kRareUnits / inclusion, 1.0, std::max(1.0, max_units));
    for (double units = 1; units <= most; units = std::max(units + 1, std::floor(units * 1.25))) {
      units_.push_back(units);
    }
    weights_.assign(units_.size(), 0.0);
    likelihood_.resize(units_.size());
    for (std::size_t u = 0; u < units_.size(); ++u)
      fill_likelihood(u);
  }

  // Expectation-maximisation from a start around one size for all (Duj1's answer): the counts move the
  // weights away only where they contradict it, which keeps the few facts of a small sample from being read
  // too closely.
  void fit(const std::array<double, kRareUnits + 1>& seen) {
    double keys = 0;
    double units = 0;
    for (int j = 1; j <= kRareUnits; ++j) {
      keys += seen[j];
      units += j * seen[j];
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

  // Calls `use(units, keys)` for every size: how many keys of this size one key seen j times stands for.
  template <typename Use>
  void expand(int j, const Use& use) const {
    const std::vector<double> posterior = posterior_of(j);
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (posterior[u] > 1e-9)
        use(std::max<double>(units_[u], j), posterior[u] / seen_probability(units_[u]));
    }
  }

 private:
  double seen_probability(double units) const {
    return inclusion_ >= 1 ? 1.0 : -std::expm1(units * std::log1p(-inclusion_));
  }

  void fill_likelihood(std::size_t u) {
    const double units = units_[u];
    double total = 0;
    for (int j = 1; j <= kRareUnits; ++j) {
      double p = 0;
      if (j <= units) {
        p = std::exp(std::lgamma(units + 1) - std::lgamma(j + 1.0) - std::lgamma(units - j + 1) +
                     j * std::log(inclusion_) + (units - j) * std::log1p(-inclusion_));
      }
      likelihood_[u][j] = p;
      total += p;
    }
    for (double& p : likelihood_[u])
      p = total > 0 ? p / total : 0;
  }

  void start_around(double mean) {
    double total = 0;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      const double distance = std::log(units_[u] / mean) / kStartWidth;
      weights_[u] = seen_probability(units_[u]) / units_[u] * (std::exp(-0.5 * distance * distance) + 1e-2);
      total += weights_[u];
    }
    for (double& weight : weights_)
      weight /= total;
  }

  std::vector<double> posterior_of(int j) const {
    std::vector<double> posterior(units_.size());
    double total = 0;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      posterior[u] = weights_[u] * likelihood_[u][j];
      total += posterior[u];
    }
    if (total <= 0) {  // no size explains it: take the one that scales up
      const auto nearest = std::lower_bound(units_.begin(), units_.end(), j / inclusion_);
      posterior[nearest == units_.end() ? units_.size() - 1 : nearest - units_.begin()] = 1;
      return posterior;
    }
    for (double& p : posterior)
      p /= total;
    return posterior;
  }

  // One iteration; returns the log-likelihood before it.
  double step(const std::array<double, kRareUnits + 1>& seen, double keys) {
    next_.assign(units_.size(), 0.0);
    double log_likelihood = 0;
    for (int j = 1; j <= kRareUnits; ++j) {
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

  double inclusion_;
  std::vector<double> units_;
  std::vector<double> weights_;
  std::vector<double> next_;
  std::vector<std::array<double, kRareUnits + 1>> likelihood_;
};

// Among the keys seen in one block only: the share of units that begin there rather than go on from the block
// before.
double run_start_share(const std::vector<SeenKey>& keys) {
  double once = 0;
  double inner = 0;
  double followed = 0;
  double edges = 0;
  for (const SeenKey& key : keys) {
    if (key.units != 1) continue;
    once += 1;
    inner += key.rows - key.edges;
    followed += key.followed;
    edges += key.edges;
  }
  if (once <= 0 || inner <= 0) return 1;
  return std::clamp(1.0 - followed / inner * edges / once, 0.0, 1.0);
}

struct Rare {
  int units;
  double rows;
  int tuple_bytes;
  double keys;
};

int tuple_bytes_of(const SeenKey& key) {
  return align8(8 + static_cast<int>((key.bytes + key.rows / 2) / key.rows));
}

// Equal rare keys in one entry: there may be tens of thousands, of few kinds.
std::vector<Rare> collect_rare(const std::vector<SeenKey>& keys) {
  std::unordered_map<std::uint64_t, std::uint32_t> kinds;
  for (const SeenKey& key : keys) {
    if (key.units > kRareUnits) continue;
    ++kinds[static_cast<std::uint64_t>(key.units) << 56 | static_cast<std::uint64_t>(key.rows) << 24 |
            static_cast<std::uint64_t>(tuple_bytes_of(key))];
  }
  std::vector<Rare> rare;
  for (const auto& [kind, count] : kinds) {
    rare.push_back({static_cast<int>(kind >> 56), static_cast<double>(kind >> 24 & 0xFFFFFFFF),
                    static_cast<int>(kind & 0xFFFFFF), static_cast<double>(count)});
  }
  // The map's order is nobody's business; sums and results mustn't depend on it.
  std::sort(rare.begin(), rare.end(), [](const Rare& a, const Rare& b) {
    return std::tie(a.units, a.rows, a.tuple_bytes) < std::tie(b.units, b.rows, b.tuple_bytes);
  });
  return rare;
}

void merge_groups(std::vector<KeyGroup>& groups) {
  const auto order = [](const KeyGroup& a, const KeyGroup& b) {
    return a.tuple_bytes != b.tuple_bytes ? a.tuple_bytes < b.tuple_bytes : a.rows < b.rows;
  };
  std::sort(groups.begin(), groups.end(), order);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (kept > 0 && !order(groups[kept - 1], groups[i])) {
      groups[kept - 1].keys += groups[i].keys;
    } else {
      groups[kept++] = groups[i];
    }
  }
  groups.resize(kept);
}

void add_whole_keys(KeyPopulation& population, const std::vector<SeenKey>& keys, double inclusion,
                    bool also_rare) {
  for (const SeenKey& key : keys) {
    if (!also_rare && key.units <= kRareUnits) continue;
    population.groups.push_back({1.0, std::max(1.0, key.rows / inclusion), tuple_bytes_of(key)});
    population.distinct_keys += 1;
  }
}

void add_rare_keys(KeyPopulation& population, const std::vector<SeenKey>& keys, double inclusion,
                   double table_rows) {
  std::array<double, kRareUnits + 1> seen{};
  double rare_rows = 0;
  double rare_keys = 0;
  for (const SeenKey& key : keys) {
    if (key.units > kRareUnits) continue;
    seen[key.units] += 1;
    rare_rows += key.rows;
    rare_keys += 1;
    population.repeats += key.units - 1;
  }
  if (rare_keys <= 0) return;
  UnitMixture mixture(inclusion, table_rows);
  mixture.fit(seen);
  const double starts = run_start_share(keys);
  const std::size_t first = population.groups.size();
  double unseen_keys = 0;
  double rows = 0;
  for (const Rare& kind : collect_rare(keys)) {
    mixture.expand(kind.units, [&](double units, double stands_for) {
      // Of the keys that weren't seen, those whose rows only go on from the block before are no keys of their
      // own: fewer keys, larger by as much.
      const double unseen = kind.units == 1 ? starts : 1.0;
      const double per_key = std::max(stands_for - 1, 0.0) * unseen + std::min(stands_for, 1.0);
      const double group_rows = units * kind.rows / kind.units * (stands_for / per_key);
      population.groups.push_back({kind.keys * per_key, group_rows, kind.tuple_bytes});
      unseen_keys += kind.keys * per_key;
      rows += kind.keys * per_key * group_rows;
    });
  }
  // The mixture is fitted to keys, not to rows: make the rows agree, by the number of keys.
  const double scale = rare_rows / inclusion / rows;
  double distinct = 0;
  for (std::size_t i = first; i < population.groups.size(); ++i) {
    population.groups[i].keys *= scale;
    distinct += population.groups[i].keys;
  }
  population.distinct_keys += std::max(distinct, rare_keys);
  population.rare_share = rare_rows / inclusion / population.rows;
  population.mean_rows = rare_rows / inclusion / std::max(distinct, rare_keys);
}

// A row count that can't be right (a table that has grown since) is replaced by the density of the sampled
// blocks.
double rows_of_table(const KeySample& sample, bool whole_table) {
  const auto sampled = static_cast<double>(sample.sampled_rows);
  if (whole_table) return sampled;
  if (sample.table_rows > sample.sampled_rows) return static_cast<double>(sample.table_rows);
  return sampled * static_cast<double>(sample.table_blocks) / static_cast<double>(sample.sampled_blocks);
}

double inclusion_of(const KeySample& sample) {
  const bool whole_table = sample.sampled_blocks >= sample.table_blocks;
  return static_cast<double>(sample.sampled_rows) / rows_of_table(sample, whole_table);
}

}  // namespace

KeyPopulation estimate_population(const KeySample& sample) {
  KeyPopulation population;
  if (sample.rows.empty() || sample.sampled_rows <= 0) return population;
  const double inclusion = inclusion_of(sample);
  population.rows = static_cast<double>(sample.rows.size()) / inclusion;
  const std::vector<SeenKey> keys = count_keys(sample, false);
  add_whole_keys(population, keys, inclusion, inclusion >= 1);
  if (inclusion < 1) add_rare_keys(population, keys, inclusion, population.rows);
  merge_groups(population.groups);
  return population;
}

double estimate_leading_distinct(const KeySample& sample) {
  if (sample.rows.empty() || sample.sampled_rows <= 0) return 0;
  double units = 0;
  double once = 0;
  const std::vector<SeenKey> keys = count_keys(sample, true);
  for (const SeenKey& key : keys) {
    units += key.units;
    once += key.units == 1 ? 1 : 0;
  }
  return duj1(static_cast<double>(keys.size()), units, once, inclusion_of(sample));
}

}  // namespace deal::index
