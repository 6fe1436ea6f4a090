#include "core/marketplace/deal_history.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/interrupt.hpp"

namespace deal::marketplace {
namespace {

constexpr double short_time = 2 * one_day;
constexpr double log_of_nothing = -1000;

/// Lets a level sink over the stretches (or rise: the order is the caller's) and joins neighbours that it has
/// passed into runs.
class Flood {
 public:
  explicit Flood(std::span<const Stretch> stretches)
      : stretches_(stretches), other_end_(stretches.size()), passed_(stretches.size(), false) {}

  struct Run {
    std::size_t first;
    std::size_t last;
  };

  /// Passes a stretch; the run that it is in now.
  Run pass(std::size_t i) {
    Run run{i, i};
    if (i > 0 && passed_[i - 1]) run.first = other_end_[i - 1];
    if (i + 1 < passed_.size() && passed_[i + 1]) run.last = other_end_[i + 1];
    passed_[i] = true;
    other_end_[run.first] = run.last;
    other_end_[run.last] = run.first;
    return run;
  }

  /// All stretches by value.
  std::vector<std::size_t> order() const {
    std::vector<std::size_t> order(stretches_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [this](std::size_t a, std::size_t b) { return stretches_[a].value < stretches_[b].value; });
    return order;
  }

 private:
  std::span<const Stretch> stretches_;
  std::vector<std::size_t> other_end_;  // of the run, for the stretch at either end of one
  std::vector<bool> passed_;
};

/// Which stretches have no level yet.
class OpenOnes {
 public:
  explicit OpenOnes(std::size_t count) : next_(count + 1) {
    std::iota(next_.begin(), next_.end(), std::size_t{0});
  }
  /// The first open one from `i` on, or their count.
  std::size_t from(std::size_t i) {
    while (next_[i] != i)
      i = next_[i] = next_[next_[i]];
    return i;
  }
  void close(std::size_t i) { next_[i] = i + 1; }

 private:
  std::vector<std::size_t> next_;  // of a closed one: some later one, with only closed ones between
};

/// Time before each stretch, and in all.
std::vector<double> time_before_each(std::span<const Stretch> stretches) {
  std::vector<double> before{0};
  before.reserve(stretches.size() + 1);
  for (Stretch const& s : stretches)
    before.push_back(before.back() + s.time);
  return before;
}

}  // namespace

std::vector<Stretch> fill_dips(std::vector<Stretch> stretches, double time) {
  std::vector<double> const before = time_before_each(stretches);
  std::vector<Stretch> filled = stretches;
  OpenOnes open(stretches.size());
  Flood flood(stretches);
  InterruptPoll poll;
  for (std::size_t const i : flood.order()) {
    poll.step();
    Flood::Run const run = flood.pass(i);
    bool const endless = run.first == 0 || run.last + 1 == stretches.size();
    if (!endless && before[run.last + 1] - before[run.first] < time) continue;
    for (std::size_t k = open.from(run.first); k <= run.last; k = open.from(k)) {
      filled[k].value = stretches[i].value;
      open.close(k);
    }
  }
  return filled;
}

std::vector<Stretch> cut_peaks(std::vector<Stretch> stretches, double time) {
  auto const negate = [&stretches] {
    for (Stretch& s : stretches)
      s.value = -s.value;
  };
  negate();
  stretches = fill_dips(std::move(stretches), time);
  negate();
  return stretches;
}

std::vector<Stretch> smooth(std::vector<Stretch> stretches, double time) {
  double const longer = 7 * time;
  std::vector<Stretch> const filled = fill_dips(stretches, time);
  std::vector<Stretch> const cut = cut_peaks(stretches, time);
  std::vector<Stretch> const filled_cut = cut_peaks(filled, time);
  std::vector<Stretch> const cut_filled = fill_dips(cut, time);
  std::vector<Stretch> const no_peaks = fill_dips(cut, longer);
  std::vector<Stretch> const no_dips = cut_peaks(filled, longer);
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    double const low = std::min({filled[i].value, filled_cut[i].value, no_peaks[i].value});
    double const high = std::max({cut[i].value, cut_filled[i].value, no_dips[i].value});
    stretches[i].value = std::max(low, std::min(stretches[i].value, high));
  }
  return stretches;
}

std::vector<Stretch> part_before(std::span<const Stretch> stretches, double ago, double time) {
  std::size_t last = stretches.size();
  while (last > 1 && stretches[last - 1].time <= ago)
    ago -= stretches[--last].time;
  std::vector<Stretch> part;
  for (double left = time; last > 0 && (left > 0 || part.empty()); --last) {
    Stretch s = stretches[last - 1];
    s.time = std::min(std::max(s.time - ago, 0.0), left);
    ago = 0;
    left -= s.time;
    part.push_back(s);
  }
  std::reverse(part.begin(), part.end());
  return part;
}

SortedStretches::SortedStretches(std::vector<Stretch> stretches) : sorted_(std::move(stretches)) {
  std::sort(sorted_.begin(), sorted_.end(),
            [](Stretch const& a, Stretch const& b) { return a.value < b.value; });
  for (Stretch const& s : sorted_)
    total_ += s.time;
}

double SortedStretches::quantile(double q) const {
  double passed = 0;
  for (Stretch const& s : sorted_) {
    passed += s.time;
    if (passed >= q * total_) return s.value;
  }
  return sorted_.back().value;
}

double SortedStretches::mean_between(double low, double high) const {
  if (total_ <= 0) return sorted_.back().value;
  double sum = 0;
  double passed = 0;
  for (Stretch const& s : sorted_) {
    double const inside = std::min(passed + s.time, high * total_) - std::max(passed, low * total_);
    if (inside > 0) sum += inside * s.value;
    passed += s.time;
  }
  return sum / ((high - low) * total_);
}

double log_price(std::int64_t minor) noexcept {
  return minor > 0 ? std::log(static_cast<double>(minor)) : log_of_nothing;
}

namespace {

std::vector<Stretch> stretches_until(PriceSeries known, std::int64_t at, double time) {
  std::vector<Stretch> stretches;
  std::int64_t until = at;
  std::int64_t price = -1;
  double left = time;
  InterruptPoll poll;
  for (std::size_t i = known.size(); i > 0 && left > 0; until = known[--i].time) {
    poll.step();
    PricePoint const& point = known[i - 1];
    if (!point.price) continue;
    double const held = static_cast<double>(elapsed(point.time, until));
    if (*point.price != price) stretches.push_back({0, log_price(*point.price)});
    price = *point.price;
    stretches.back().time += std::min(held, left);
    left -= held;
  }
  std::reverse(stretches.begin(), stretches.end());
  return stretches;
}

}  // namespace

std::optional<DealHistory> deal_history(PriceSeries series, std::int64_t at, double time) {
  PriceSeries const known = points_until(series, at);
  if (known.empty() || !known.back().price) return std::nullopt;
  DealHistory history;
  history.raw = stretches_until(known, at, time);
  history.now = history.raw.back().value;
  for (Stretch const& s : history.raw)
    history.time += s.time;
  history.smooth = smooth(history.raw, short_time);
  return history;
}

}  // namespace deal::marketplace
