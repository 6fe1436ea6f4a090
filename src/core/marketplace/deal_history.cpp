#include "core/marketplace/deal_history.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/interrupt.hpp"

namespace deal::marketplace {
namespace {

constexpr double short_time = 2 * one_day;
constexpr double log_of_nothing = -1000;

/// Fills dips from left to right. The basins that the next stretch may still widen lie on a stack, each lower
/// than the one before.
class DipFiller {
 public:
  DipFiller(std::vector<Stretch>& stretches, double time) : stretches_(stretches), time_(time) {}

  void run() {
    InterruptPoll poll;
    for (std::size_t i = 0; i < stretches_.size(); ++i) {
      poll.step();
      double const value = stretches_[i].value;
      double const length = stretches_[i].time;
      while (!basins_.empty() && basins_.back().level < value)
        raise_last(i, value);
      add(i, value);
      passed_ += length;
    }
    for (std::size_t end = stretches_.size(); !basins_.empty(); basins_.pop_back()) {
      settle(basins_.back(), end);  // they go on for ever
      end = basins_.back().first;
    }
  }

 private:
  struct Basin {
    double level;
    std::size_t first;
    double begin;  ///< time before the first
    bool settled;  ///< all in it have their values
  };

  void settle(Basin& basin, std::size_t end) {
    for (std::size_t i = basin.first; i < end && !basin.settled; ++i)
      stretches_[i].value = basin.level;
    basin.settled = true;
  }

  void add(std::size_t i, double value) {
    if (basins_.empty() || basins_.back().level > value)
      basins_.push_back({value, i, passed_, false});
    else if (basins_.back().settled)
      stretches_[i].value = value;
  }

  /// The last basin ends before `end`, where it is `value`: it is filled to the lower one of its sides.
  void raise_last(std::size_t end, double value) {
    Basin& last = basins_.back();
    if (last.first == 0 || passed_ - last.begin >= time_) settle(last, end);
    if (basins_.size() > 1 && basins_[basins_.size() - 2].level <= value)
      join_last(end);
    else
      last.level = value;
  }

  /// Fills the last basin to the level of the one before.
  void join_last(std::size_t end) {
    Basin last = basins_.back();
    basins_.pop_back();
    Basin& before = basins_.back();
    last.level = before.level;
    if (before.settled)
      settle(last, end);
    else if (last.settled)
      settle(before, last.first);
  }

  std::vector<Stretch>& stretches_;
  double time_;
  double passed_ = 0;
  std::vector<Basin> basins_;
};

}  // namespace

std::vector<Stretch> fill_dips(std::vector<Stretch> stretches, double time) {
  DipFiller(stretches, time).run();
  return stretches;
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
