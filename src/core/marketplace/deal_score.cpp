#include "core/marketplace/deal_score.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/marketplace/deal_history.hpp"
#include "core/marketplace/price_statistics.hpp"

namespace deal::marketplace {
namespace {

constexpr double year = 365 * one_day;
constexpr double quarter = 90 * one_day;
constexpr double month = 30 * one_day;
constexpr double farthest = 2;  // logs of ratios beyond it are as good as it

/// 0 up to `zero`, 1 from `one` on.
double ramp(double x, double zero, double one) {
  return std::clamp((x - zero) / (one - zero), 0.0, 1.0);
}

double saturating(double depth) {
  return depth <= 0 ? 0 : 1 - std::exp(-depth / 0.15);
}

double share_below(double log_depth) {
  return 1 - std::exp(-log_depth);
}

/// What the score is computed from; depths as logs. Each falls or stays where the present price rises, but
/// `cheap`, which rises or stays.
struct Measures {
  double dearer = 0;
  double cheap = 0;
  double usual = 0;
  double deviations = 0;
  double prior = 0;
  std::optional<double> market;
  double cheaper_elsewhere = 0;
};

/// By how much each price was above the present one.
std::vector<Stretch> premiums(std::vector<Stretch> stretches, double now) {
  for (Stretch& s : stretches)
    s.value = std::clamp(s.value - now, -farthest, farthest);
  return stretches;
}

template <typename Weight>
double share_of_time(std::span<const Stretch> premiums, double total, Weight weight) {
  if (total <= 0) return weight(0.0);
  double sum = 0;
  for (Stretch const& s : premiums)
    sum += s.time * weight(s.value);
  return sum / total;
}

/// Of the usual price: a cautious median that a few per cent of the time can't flip from one level to
/// another.
double usual_premium(const SortedStretches& premiums) {
  return premiums.mean_between(0.3, 0.5);
}

/// The low (of three days, which no single day can change) of the 30 days before a sale that began at some
/// time in the last 60 days: the time that suits it best, since when it began depends on the present price.
double prior_premium(std::span<const Stretch> premiums, double total) {
  double best = -farthest;
  for (double ago = 0; ago <= 2 * month && (ago == 0 || ago + month <= total); ago += month / 5)
    best = std::max(best, SortedStretches(part_before(premiums, ago, month)).mean_between(0, 0.1));
  return best;
}

/// As long as the usual depth is positive, the present price is below the median of `premiums`, so that the
/// spread of the upper half doesn't depend on it: that is why it is not the MAD.
void measure_depth(const DealHistory& h, const std::vector<Stretch>& smooth, Measures& m) {
  SortedStretches const sorted(smooth);
  SortedStretches const recent(part_before(smooth, 0, quarter));
  m.usual = std::min({usual_premium(sorted), usual_premium(recent), sorted.quantile(0.5)});
  double const spread = sorted.mean_between(0.7, 0.95) - sorted.mean_between(0.5, 0.7);
  m.deviations = std::clamp(m.usual / std::max(1.2 * spread, 0.02), 0.0, 4.0);
  m.prior = prior_premium(smooth, h.time);
}

void measure_market(double now, std::span<const std::int64_t> others, Measures& m) {
  if (others.empty()) return;
  std::vector<std::int64_t> sorted(others.begin(), others.end());
  std::sort(sorted.begin(), sorted.end());
  if (sorted.front() < 0) throw Error("22023", "prices must not be negative");
  double const median = log_price(sorted[(sorted.size() - 1) / 2]);
  m.market = std::clamp(median - now, -farthest, farthest);
  m.cheaper_elsewhere = now - log_price(sorted.front());
}

Measures measure(const DealHistory& h, std::span<const std::int64_t> others) {
  Measures m;
  std::vector<Stretch> const past = premiums(h.smooth, h.now);
  m.dearer = share_of_time(past, h.time, [](double premium) { return ramp(premium, -0.002, 0.002); });
  m.cheap = share_of_time(past, h.time, [](double premium) { return 1 - ramp(premium, 0.02, 0.04); });
  measure_depth(h, past, m);
  measure_market(h.now, others, m);
  return m;
}

double rarity(const Measures& m) {
  return 1 - ramp(m.cheap, 0.1, 0.45);
}

double raw_score(const Measures& m) {
  double const depth = 0.5 * (saturating(m.usual) + saturating(m.prior));
  double const quality = rarity(m) * depth * (0.7 + 0.075 * m.deviations);
  double raw = 10 + 30 * m.dearer + 60 * quality;
  raw += 8 * std::clamp(m.market.value_or(0) / 0.1, -1.0, 1.0);
  raw = std::min(raw, 40 + 60 * ramp(m.usual, 0.02, 0.10));
  raw = std::min(raw, 60 + 40 * ramp(m.prior, 0, 0.05));
  raw = std::min(raw, 100 - 30 * ramp(m.cheaper_elsewhere, 0.01, 0.05));
  return std::clamp(raw, 0.0, 100.0);
}

/// Below the median of the 42 days around the same day last year; none if less than a week of them is known.
std::optional<double> season_depth(PriceSeries series, std::int64_t at, double now) {
  std::int64_t const from = time_before(at, (365 + 21) * microseconds_per_day);
  std::int64_t const to = time_before(at, (365 - 21) * microseconds_per_day);
  PriceTimes const times(pieces_in(series, from, to));
  if (times.total() < 7 * microseconds_per_day) return std::nullopt;
  return share_below(std::clamp(log_price(times.quantile(0.5)) - now, -farthest, farthest));
}

DealComponents components_of(const Measures& m, std::optional<double> season, double outlier_share) {
  DealComponents c;
  c.share_dearer = m.dearer;
  c.depth_usual = share_below(m.usual);
  c.deviations = m.deviations;
  c.depth_prior = share_below(m.prior);
  c.rarity = rarity(m);
  c.season = season;
  if (m.market) c.market = share_below(*m.market);
  c.outlier_share = outlier_share;
  return c;
}

DealFlags flags_of(const DealHistory& h, const Measures& m, const Outliers& outliers, const PriorPrice& prior,
                   std::optional<std::int64_t> claimed) {
  DealFlags flags;
  bool const always = is_always_on_sale(h, m.cheap);
  flags.set(DealFlag::always_on_sale, always);
  flags.set(DealFlag::raised_before_sale, !always && m.usual <= 0.02 && undoes_a_raise(h));
  flags.set(DealFlag::claimed_above_prior, claimed && prior.price && *claimed > *prior.price);
  flags.set(DealFlag::dearer_than_prior, prior.price && *prior.current > *prior.price);
  flags.set(DealFlag::insufficient_history, prior.insufficient_history || h.time < month);
  flags.set(DealFlag::suspected_glitch, outliers.now && outliers.now_distance > 0.8);
  flags.set(DealFlag::progressive, prior.reductions > 1);
  return flags;
}

DealVerdict verdict_of(double score, double confidence) {
  if (confidence < 0.2) return DealVerdict::unknown;
  if (score >= 80) return DealVerdict::excellent;
  if (score >= 65) return DealVerdict::good;
  if (score >= 45) return DealVerdict::fair;
  return score >= 25 ? DealVerdict::usual : DealVerdict::overpriced;
}

}  // namespace

const char* deal_verdict_name(DealVerdict verdict) {
  static constexpr std::array<const char*, 6> names{"unknown", "overpriced", "usual",
                                                    "fair",    "good",       "excellent"};
  return names[static_cast<std::size_t>(verdict)];
}

std::array<NamedNumber, deal_component_count> named_components(const DealComponents& c) {
  return {{{"share_dearer", c.share_dearer},
           {"depth_usual", c.depth_usual},
           {"deviations", c.deviations},
           {"depth_prior", c.depth_prior},
           {"rarity", c.rarity},
           {"season", c.season},
           {"market", c.market},
           {"outlier_share", c.outlier_share}}};
}

DealScore deal_score(PriceSeries series, std::int64_t at, const DealScoreOptions& options) {
  if (options.claimed_price.value_or(0) < 0) throw Error("22023", "prices must not be negative");
  DealScore result;
  result.prior = prior_price(series, at, options.prior);
  std::optional<DealHistory> const history = deal_history(series, at, year);
  if (!history) return result;
  Measures const m = measure(*history, options.other_retailers);
  Outliers const outliers = find_outliers(*history);
  result.components = components_of(m, season_depth(series, at, history->now), outliers.past_share);
  result.flags = flags_of(*history, m, outliers, result.prior, options.claimed_price);
  result.confidence = std::min(1.0, history->time / quarter);
  result.score = 50 + result.confidence * (raw_score(m) - 50);
  result.verdict = verdict_of(result.score, result.confidence);
  return result;
}

}  // namespace deal::marketplace
