/// SQL entry points of the functions on prices in arrays.

#include "server/marketplace/deal.hpp"
#include "server/bridge/bridge.hpp"
#include "server/bridge/number_array.hpp"

DEAL_FUNCTION(deal_advisor_price_stats) {
  deal::server::PriceArrays const series{pg::number_array_of(args.datum(0)),
                                         pg::number_array_of(args.datum(1))};
  pg::RowSet rows(args);
  deal::server::price_stats_row(series, args.int8(2), args.int8(3), rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_prior_price) {
  deal::server::PriorPriceRequest request;
  request.series = {pg::number_array_of(args.datum(0)), pg::number_array_of(args.datum(1))};
  request.at = args.int8(2);
  request.days = args.int4(3);
  request.progressive = args.boolean(4);
  request.new_goods = args.boolean(5);
  pg::RowSet rows(args);
  deal::server::prior_price_row(request, rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_deal_score) {
  deal::server::DealScoreRequest request;
  request.series = {pg::number_array_of(args.datum(0)), pg::number_array_of(args.datum(1))};
  request.at = args.int8(2);
  if (!args.is_null(3)) request.claimed = args.int8(3);
  if (!args.is_null(4)) request.others = pg::number_array_of(args.datum(4));
  pg::RowSet rows(args);
  deal::server::deal_score_row(request, rows);
  return rows.result();
}
