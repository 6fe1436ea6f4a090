#include "core/index/key_groups.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <unordered_map>

#include "core/base/interrupt.hpp"
#include "core/base/random.hpp"
#include "core/index/unit_mixture.hpp"

namespace deal::index {

namespace {

constexpr double kLeastClass = 1.0 / 6;  // share of the rare keys that a class of like sizes has at least

constexpr std::size_t kAhead = 8;  // rows; memory is slower than counting

// Finds keys by hash: open addressing over positions in a vector, never more than half full. The hashes' bits
// are mixed already.
class KeyTable {
 public:
  explicit KeyTable(std::size_t rows) {
    std::size_t size = 16;
    while (size < 2 * rows)
      size *= 2;
    slots_.assign(size, 0);
    keys_.reserve(rows);
  }

  /// What at() will look at first.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]); }

  SeenKey& at(std::uint64_t hash) {
    std::size_t slot = hash & (slots_.size() - 1);
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

// Counts different pairs of blocks by the marks they leave in a field of bits (linear counting).
class BlockPairs {
 public:
  BlockPairs() : marks_(std::size_t{1} << kLogBits >> 6) {}

  void add(std::uint32_t from, std::uint32_t to) {
    const std::uint64_t bit = mix64(static_cast<std::uint64_t>(from) << 32 | to) >> (64 - kLogBits);
    std::uint64_t& word = marks_[bit >> 6];
    const std::uint64_t mark = std::uint64_t{1} << (bit & 63);
    marked_ += (word & mark) == 0 ? 1 : 0;
    word |= mark;
    ++added_;
  }

  // Keys that share a stretch of the table meet again together, where two sampled blocks lie in it: that is
  // one fact, not as many as there are keys.
  double different_share() const {
    if (added_ <= 0) return 1;
    const double bits = std::ldexp(1.0, kLogBits);
    return std::min(1.0, -bits * std::log1p(-std::min(marked_, bits - 1) / bits) / added_);
  }

 private:
  static constexpr int kLogBits = 17;
  std::vector<std::uint64_t> marks_;
  double marked_ = 0;
  double added_ = 0;
};

// Among the keys seen in one block only: the share of units that begin there rather than go on from the block
// before.
double run_start_share(const std::vector<SeenKey>& keys) {
  std::int64_t once = 0;
  std::int64_t inner = 0;
  std::int64_t followed = 0;
  std::int64_t edges = 0;
  for (const SeenKey& key : keys) {
    if (key.units != 1) continue;
    once += 1;
    inner += key.rows - key.edges;
    followed += key.followed;
    edges += key.edges;
  }
  if (inner <= 0) return 1;
  const double followed_share = static_cast<double>(followed) / static_cast<double>(inner);
  const double edge_share = static_cast<double>(edges) / static_cast<double>(once);
  return std::clamp(1.0 - followed_share * edge_share, 0.0, 1.0);
}

// What the keys seen in one block only tell of the sizes of their groups. Those at a block's edge may go on
// in the next one, so only the others are taken, each for those of its size that an edge would have cut.
// Where most rows belong to runs too long for that, all are taken, and the share of runs that begin in the
// block corrects their number.
struct Singles {
  explicit Singles(double rows) : rows_per_block(rows), one_row_weight(weight_of(1)) {}

  double rows_per_block;
  double one_row_weight;  // most keys have one row
  bool whole_only = false;
  double scale = 1;   // of the weights
  double starts = 1;  // share of the units that begin in the block they were seen in

  double weight(const SeenKey& key) const {
    if (key.units != 1 || !whole_only) return 1;
    return is_whole(key) ? scale * whole_weight(key) : 0;
  }
  static bool is_whole(const SeenKey& key) { return key.edges == 0 && !key.first; }
  double whole_weight(const SeenKey& key) const {
    return key.rows == 1 ? one_row_weight : weight_of(key.rows);
  }

 private:
  double weight_of(double rows) const { return rows_per_block / std::max(1.0, rows_per_block - rows - 1); }
};

Singles describe_singles(const std::vector<SeenKey>& keys, double rows_per_block) {
  Singles singles(rows_per_block);
  double rows = 0;
  double whole_rows = 0;
  double weighted_rows = 0;
  for (const SeenKey& key : keys) {
    if (key.units != 1) continue;
    rows += key.rows;
    if (!Singles::is_whole(key)) continue;
    whole_rows += key.rows;
    weighted_rows += key.rows * singles.whole_weight(key);
  }
  singles.starts = run_start_share(keys);
  const bool no_runs = singles.starts > 0.999;
  if (no_runs || whole_rows <= 0.5 * rows) return singles;
  singles.whole_only = true;
  singles.scale = rows / weighted_rows;
  singles.starts = 1;
  return singles;
}

struct Rare {
  int units;
  double rows;
  int tuple_bytes;
  double keys;
};

int tuple_bytes_of(const SeenKey& key) {
  if (key.rows == 1) return align8(8 + static_cast<int>(key.bytes));
  return align8(8 + static_cast<int>((key.bytes + key.rows / 2) / key.rows));
}

// Equal rare keys in one entry: there may be tens of thousands, of few kinds.
std::vector<Rare> collect_rare(const std::vector<SeenKey>& keys, const Singles& singles) {
  std::unordered_map<std::uint64_t, double> kinds;
  std::uint64_t last_kind = 0;
  double* last = nullptr;  // most keys are like the one before
  for (const SeenKey& key : keys) {
    if (key.units > kRareUnits) continue;
    const double weight = singles.weight(key);
    if (weight <= 0) continue;
    const std::uint64_t kind = static_cast<std::uint64_t>(key.units) << 56 |
                               static_cast<std::uint64_t>(key.rows) << 24 |
                               static_cast<std::uint64_t>(tuple_bytes_of(key));
    if (last == nullptr || kind != last_kind) last = &kinds[last_kind = kind];
    *last += weight;
  }
  std::vector<Rare> rare;
  rare.reserve(kinds.size());
  for (const auto& [kind, count] : kinds) {
    rare.push_back({static_cast<int>(kind >> 56), static_cast<double>(kind >> 24 & 0xFFFFFFFF),
                    static_cast<int>(kind & 0xFFFFFF), count});
  }
  // The map's order is nobody's business; sums and results mustn't depend on it.
  std::sort(rare.begin(), rare.end(), [](const Rare& a, const Rare& b) {
    return std::tie(a.tuple_bytes, a.units, a.rows) < std::tie(b.tuple_bytes, b.units, b.rows);
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

// Keys of like size are a population of their own: short texts tend to repeat where long ones are unique.
// Splits what is sorted by size into classes with at least a sixth of the keys each.
std::vector<std::vector<Rare>> size_classes(const std::vector<Rare>& rare) {
  double all = 0;
  for (const Rare& kind : rare)
    all += kind.keys;
  std::vector<std::vector<Rare>> classes;
  double held = 0;
  double left = all;
  for (const Rare& kind : rare) {
    const bool new_size = classes.empty() || classes.back().back().tuple_bytes != kind.tuple_bytes;
    if (classes.empty() || (new_size && held >= all * kLeastClass && left >= all * kLeastClass)) {
      classes.emplace_back();
      held = 0;
    }
    classes.back().push_back(kind);
    held += kind.keys;
    left -= kind.keys;
  }
  return classes;
}

// Adds the groups of one class; returns the number of its keys.
double add_class(KeyPopulation& population, const std::vector<Rare>& kinds, const Singles& singles,
                 const UnitShapes& shapes, double evidence) {
  SeenCounts seen{};
  double seen_rows = 0;
  for (const Rare& kind : kinds) {
    seen[static_cast<std::size_t>(kind.units)] += kind.keys;
    seen_rows += kind.keys * kind.rows;
  }
  UnitMixture mixture(shapes);
  mixture.fit(seen, evidence);
  const std::size_t first = population.groups.size();
  double rows = 0;
  for (const Rare& kind : kinds) {
    mixture.expand(kind.units, [&](double units, double stands_for) {
      // Of the keys that weren't seen, those whose rows only go on from the block before are no keys of their
      // own: fewer keys, larger by as much.
      const double unseen = kind.units == 1 ? singles.starts : 1.0;
      const double per_key = std::max(stands_for - 1, 0.0) * unseen + std::min(stands_for, 1.0);
      const double group_rows = units * kind.rows / kind.units * (stands_for / per_key);
      population.groups.push_back({kind.keys * per_key, group_rows, kind.tuple_bytes});
      rows += kind.keys * per_key * group_rows;
    });
  }
  // The mixture is fitted to keys, not to rows: make the rows agree, by the number of keys.
  const double scale = seen_rows / shapes.inclusion() / rows;
  double keys = 0;
  for (std::size_t i = first; i < population.groups.size(); ++i) {
    population.groups[i].keys *= scale;
    keys += population.groups[i].keys;
  }
  return keys;
}

void add_rare_keys(KeyPopulation& population, const CountedKeys& seen, double inclusion,
                   const Singles& singles, UnitShapesCache& cache) {
  std::int64_t rows_seen = 0;
  std::int64_t keys_seen = 0;
  std::int64_t units_seen = 0;
  for (const SeenKey& key : seen.keys) {
    if (key.units > kRareUnits) continue;
    rows_seen += key.rows;
    keys_seen += 1;
    units_seen += key.units;
  }
  if (keys_seen == 0) return;
  const auto rare_rows = static_cast<double>(rows_seen);
  const auto rare_keys = static_cast<double>(keys_seen);
  population.repeats += static_cast<double>(units_seen - keys_seen);
  const UnitShapes& shapes = cache.at(inclusion, population.rows);
  const std::size_t first = population.groups.size();
  double distinct = 0;
  for (const std::vector<Rare>& kinds : size_classes(collect_rare(seen.keys, singles)))
    distinct += add_class(population, kinds, singles, shapes, seen.independence);
  // Keys at the edges of blocks may have been left out: again the rows must agree.
  double rows = 0;
  for (std::size_t i = first; i < population.groups.size(); ++i)
    rows += population.groups[i].keys * population.groups[i].rows;
  const double scale = rare_rows / inclusion / rows;
  for (std::size_t i = first; i < population.groups.size(); ++i)
    population.groups[i].keys *= scale;
  distinct = std::max(distinct * scale, rare_keys);
  population.distinct_keys += distinct;
  population.rare_share = rare_rows / inclusion / population.rows;
  population.mean_rows = rare_rows / inclusion / distinct;
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

// Every row a key: no table to look it up in.
CountedKeys count_rows(const KeySample& sample) {
  CountedKeys counted;
  counted.rows = static_cast<std::int64_t>(sample.rows.size());
  counted.keys.resize(sample.rows.size());
  for (std::size_t i = 0; i < sample.rows.size(); ++i) {
    const std::uint32_t block = sample.rows[i].block;
    SeenKey& key = counted.keys[i];
    key.last_block = block;
    key.first_row = static_cast<std::uint32_t>(i);
    key.rows = 1;
    key.units = 1;
    key.bytes = sample.rows[i].key_bytes;
    key.edges = i + 1 == sample.rows.size() || sample.rows[i + 1].block != block ? 1 : 0;
    key.first = i == 0 || sample.rows[i - 1].block != block;
  }
  return counted;
}

}  // namespace

CountedKeys count_keys(const KeySample& sample, KeyPart part) {
  if (part == KeyPart::kRow) return count_rows(sample);
  KeyTable table(sample.rows.size());
  BlockPairs pairs;
  InterruptPoll poll;
  const auto hash = [part](const SampledRow& row) {
    return part == KeyPart::kLeading ? row.leading_hash : row.key_hash;
  };
  for (std::size_t i = 0; i < sample.rows.size(); ++i) {
    poll.step();
    if (i + kAhead < sample.rows.size()) table.prefetch(hash(sample.rows[i + kAhead]));
    const SampledRow& row = sample.rows[i];
    const bool last = i + 1 == sample.rows.size() || sample.rows[i + 1].block != row.block;
    const bool continues_run =
        i > 0 && sample.rows[i - 1].block + 1 == row.block && hash(sample.rows[i - 1]) == hash(row);
    SeenKey& key = table.at(hash(row));
    if (key.units == 0) key.first_row = static_cast<std::uint32_t>(i);
    if (key.units == 0 || (key.last_block != row.block && !continues_run)) {
      if (++key.units > 1 && key.units <= kRareUnits) pairs.add(key.last_block, row.block);
    }
    key.last_block = row.block;
    key.rows += 1;
    key.bytes += row.key_bytes;
    key.followed += !last && hash(sample.rows[i + 1]) == hash(row) ? 1 : 0;
    key.edges += last ? 1 : 0;
    key.first = key.first || i == 0 || sample.rows[i - 1].block != row.block;
  }
  return {table.take(), static_cast<std::int64_t>(sample.rows.size()), pairs.different_share()};
}

KeyPopulation estimate_population(const KeySample& sample, const CountedKeys& counted) {
  KeyPopulation population;
  if (counted.rows <= 0 || sample.sampled_rows <= 0) return population;
  const double inclusion = inclusion_of(sample);
  population.rows = static_cast<double>(counted.rows) / inclusion;
  add_whole_keys(population, counted.keys, inclusion, inclusion >= 1);
  if (inclusion < 1) {
    const double rows_per_block =
        static_cast<double>(counted.rows) / static_cast<double>(sample.sampled_blocks);
    UnitShapesCache own;
    add_rare_keys(population, counted, inclusion, describe_singles(counted.keys, rows_per_block),
                  sample.shapes != nullptr ? *sample.shapes : own);
  }
  merge_groups(population.groups);
  return population;
}

LaidOutKeys lay_out_keys(const KeySample& sample, const CountedKeys& counted, const BtreeShape& shape) {
  LaidOutKeys laid;
  laid.population = estimate_population(sample, counted);
  laid.leaves = lay_out_leaves(laid.population.groups, shape);
  laid.rows = counted.rows;
  for (const SeenKey& key : counted.keys) {
    const double bytes = key.rows == 1 ? key.bytes : static_cast<double>(key.bytes) / key.rows;
    laid.widest_entry = std::max(laid.widest_entry, 8.0 + bytes);
  }
  return laid;
}

double estimate_leading_distinct(const KeySample& sample, const CountedKeys& leading) {
  if (leading.rows <= 0 || sample.sampled_rows <= 0) return 0;
  double units = 0;
  double once = 0;
  for (const SeenKey& key : leading.keys) {
    units += key.units;
    once += key.units == 1 ? 1 : 0;
  }
  return duj1(static_cast<double>(leading.keys.size()), units, once, inclusion_of(sample));
}

}  // namespace deal::index
