/// The prior price of Directive 98/6/EC Art. 6a (added by Directive (EU) 2019/2161): what an announcement of
/// a price reduction must show, and what its percentage must be computed from (CJEU C-330/23, Aldi Sued).
#pragma once

#include <cstdint>
#include <optional>

#include "core/marketplace/price_series.hpp"

namespace deal::marketplace {

/// The period, and the options that the Directive leaves to the Member States.
struct PriorPriceOptions {
  std::int64_t days = 30;  ///< before the reduction; the Directive wants at least 30
  /// Art. 6a(5): in a row of reductions without an increase in between, the period ends where the first of
  /// them began, so that the prior price stays that of the first one.
  bool progressive = false;
  /// Art. 6a(4): the goods came on the market when the series begins; if that is less than `days` before the
  /// reduction, the period is as long as they were on it.
  bool new_goods = false;
};

/// What prior_price() says; prices in minor units.
struct PriorPrice {
  std::optional<std::int64_t> current;  ///< the price at the time asked for; without it nothing below is set
  std::optional<std::int64_t> price;    ///< the prior price; none if nothing was on offer in the period
  std::int64_t level_start = 0;         ///< since when the price is the current one
  bool reduced = false;                 ///< it came down to that
  int reductions = 0;     ///< in a row without an increase, the one to the current price the last
  std::int64_t from = 0;  ///< the period that counts: [from, to)
  std::int64_t to = 0;
  /// The series doesn't reach back over the whole period, or nothing was on offer in it. The true prior price
  /// is at most the one given.
  bool insufficient_history = false;
  bool progressive = false;     ///< the period ends before level_start by the rule for progressive reductions
  bool shorter_period = false;  ///< the period is shorter by the rule for new goods
};

/// The lowest price applied in the `days` days before the present reduction was first applied; of one listing
/// (the rule is about one trader), of a series that check_series() accepts. Points later than `at` don't
/// count.
///
/// The present reduction begins where the price became the one at `at`: going back from `at`, over the same
/// price and spans out of stock, the earliest point with that price before which there is another price. So
/// each step of a staircase is a reduction of its own, whose period takes in the step before, except with
/// `progressive`, which goes back further as long as each price before is higher. If the price rose to the
/// current one, there is no reduction (`reduced`): the period ends at the rise all the same, since what an
/// announcement made now must show is not more than that.
///
/// The price carried into the period counts; spans out of stock don't. O(log n + points from the period's
/// start on). Errors: 22023 if `days` is not positive.
PriorPrice prior_price(PriceSeries series, std::int64_t at, const PriorPriceOptions& options = {});

}  // namespace deal::marketplace
