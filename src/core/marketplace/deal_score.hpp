/// How good the present price of a listing is, by its own past.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/marketplace/deal_flags.hpp"
#include "core/marketplace/price_series.hpp"
#include "core/marketplace/prior_price.hpp"

namespace deal::marketplace {

/// From the score: from 80, from 65, from 45, from 25, below. `unknown`: the confidence is below 0.2.
enum class DealVerdict : unsigned char { unknown, overpriced, usual, fair, good, excellent };
/// As in the enum, e.g. "good".
const char* deal_verdict_name(DealVerdict verdict);

/// What a score is made of. Depths are shares of the price they are below: 0.2 is 20 % cheaper, negative is
/// dearer. "Time" is time on offer, the last 365 days of it.
struct DealComponents {
  double share_dearer = 0;  ///< share of time that was dearer than now (within 0.2 %: half)
  double depth_usual = 0;   ///< below the usual price (a cautious median) of 365 or 90 days, the lower one
  double deviations = 0;    ///< the same in multiples of how much the price usually varies; 0 to 4
  double depth_prior = 0;   ///< below the low of the 30 days before a sale, begun when it suits it best
  double rarity = 0;        ///< 1: hardly ever as cheap as now; 0: nearly half of the time
  std::optional<double> season;  ///< below the median of 42 days around the same day last year; told only
  std::optional<double> market;  ///< below the median of the other retailers' prices
  double outlier_share = 0;      ///< share of time in past outliers (see Outliers); they hardly count
};
/// A component for output.
struct NamedNumber {
  const char* name;
  std::optional<double> value;
};
inline constexpr std::size_t deal_component_count = 8;
/// The components with their names, in the order of the struct.
std::array<NamedNumber, deal_component_count> named_components(const DealComponents& components);

/// What is known beside the series.
struct DealScoreOptions {
  std::optional<std::int64_t> claimed_price{};      ///< that the shop strikes through, minor units
  std::span<const std::int64_t> other_retailers{};  ///< what others ask now, minor units, any order
  PriorPriceOptions prior{};
};

/// What deal_score() says.
struct DealScore {
  double score = 50;      ///< 0 to 100
  double confidence = 0;  ///< 0 to 1; the score is shrunk to 50 by it
  DealVerdict verdict = DealVerdict::unknown;
  DealComponents components;
  DealFlags flags;
  PriorPrice prior;  ///< as prior_price() says
};

/// Scores the price at `at` against the series' past, of one listing in one currency; check_series() must
/// accept the series. Without a price at `at` it is 50 with no confidence. Over the last 365 days on offer,
/// cleaned of short dips and peaks (deal_history.hpp):
///
///   s(x)        = 1 - exp(-x / 0.15), x the log of a depth; 0 if it is dearer
///   quality     = rarity * (s(depth_usual) + s(depth_prior)) / 2 * (0.7 + 0.075 deviations)
///   raw         = 10 + 30 share_dearer + 60 quality, and +-8 by the market (10 % count in full)
///   raw at most = 40 if not 2 % below the usual price, rising to 100 at 10 %
///                 60 if not below the prior floor, rising to 100 at 5 %
///                 70 if another retailer is 5 % cheaper, rising to 100 at 1 %
///   confidence  = days on offer / 90, at most 1
///   score       = 50 + confidence * (raw - 50)
///
/// A sale that undoes a raise is never below the usual price, so with full confidence it gets 40 at most. The
/// season has no weight: a price that comes once a year is a deal in its season.
///
/// No part rises with the present price, so the score doesn't either. It doesn't change with the currency's
/// scale, the origin of time, observing a price again, or spans out of stock: a span of any length put in at
/// any time, with all that was before it moved back by its length.
///
/// O(n log n). Errors: 22023 if a claimed or other price is negative, or `prior.days` not positive.
DealScore deal_score(PriceSeries series, std::int64_t at, const DealScoreOptions& options = {});

}  // namespace deal::marketplace
