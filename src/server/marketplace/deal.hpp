/// Prices in arrays, as SQL hands them over: statistics, the prior price and the deal score.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace pg {
class RowSet;
}

namespace deal::server {

/// A series as two arrays of the same length; times in microseconds, prices in minor units, none: not on
/// offer.
struct PriceArrays {
  std::vector<std::optional<int64_t>> times;
  std::vector<std::optional<int64_t>> prices;
};

/// One row of deal_advisor.price_stats_result over [from, to); see deal::marketplace::price_statistics.
/// Errors: 2202E arrays of other lengths; 22004 a time that is null; 22023 what is out of order or range, an
/// empty window.
void price_stats_row(const PriceArrays& series, int64_t from, int64_t to, pg::RowSet& rows);

struct PriorPriceRequest {
  PriceArrays series;
  int64_t at = 0;
  int days = 30;
  bool progressive = false;
  bool new_goods = false;
};
/// One row of deal_advisor.prior_price_result; see deal::marketplace::prior_price. Errors: 2202E arrays of
/// other lengths; 22004 a time that is null; 22023 what is out of order or range.
void prior_price_row(const PriorPriceRequest& request, pg::RowSet& rows);

struct DealScoreRequest {
  PriceArrays series;
  int64_t at = 0;
  std::optional<int64_t> claimed;
  std::vector<std::optional<int64_t>> others;
};
/// One row of deal_advisor.deal_score_result; see deal::marketplace::deal_score. Errors: as above.
void deal_score_row(const DealScoreRequest& request, pg::RowSet& rows);

}  // namespace deal::server
