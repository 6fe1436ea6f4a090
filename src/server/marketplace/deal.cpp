#include "server/marketplace/deal.hpp"

#include <array>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/marketplace/deal_score.hpp"
#include "core/marketplace/price_statistics.hpp"
#include "server/bridge/rows.hpp"

namespace deal::server {

namespace {

using namespace deal::marketplace;

std::vector<PricePoint> points_of(const PriceArrays& arrays) {
  if (arrays.times.size() != arrays.prices.size())
    throw Error("2202E", "times and prices must have as many elements");
  std::vector<PricePoint> points;
  points.reserve(arrays.times.size());
  for (size_t i = 0; i < arrays.times.size(); ++i) {
    if (!arrays.times[i]) throw Error("22004", "a time must not be null");
    points.push_back({*arrays.times[i], arrays.prices[i]});
  }
  check_series(points);
  return points;
}

std::vector<std::string> prior_flags(const PriorPrice& prior) {
  std::vector<std::string> flags;
  if (prior.insufficient_history) flags.emplace_back("insufficient_history");
  if (prior.progressive) flags.emplace_back("progressive");
  if (prior.shorter_period) flags.emplace_back("shorter_period");
  return flags;
}

pg::Value time_value(bool known, int64_t time) {
  return known ? pg::timestamp_value(time) : pg::Value{};
}

std::string components_json(const DealComponents& components) {
  Json json = Json::object();
  for (NamedNumber const& each : named_components(components))
    if (each.value) json[each.name] = *each.value;
  return json.dump();
}

}  // namespace

void price_stats_row(const PriceArrays& series, int64_t from, int64_t to, pg::RowSet& rows) {
  constexpr std::array<double, 4> kShares{0.1, 0.25, 0.75, 0.9};
  std::vector<PricePoint> const points = points_of(series);
  PriceStatistics const found = price_statistics(points, from, to, kShares);
  std::vector<pg::Value> row{pg::value(found.min), pg::value(found.max), pg::value(found.mean),
                             pg::value(found.median), pg::value(found.mad)};
  for (size_t i = 0; i < kShares.size(); ++i)
    row.push_back(found.quantiles.empty() ? pg::Value{} : pg::value(found.quantiles[i]));
  row.push_back(found.known > 0 ? pg::value(found.in_stock_share) : pg::Value{});
  row.push_back(pg::value(static_cast<double>(found.known) / static_cast<double>(elapsed(from, to))));
  row.push_back(pg::value(static_cast<int64_t>(found.changes)));
  rows.add(row);
}

void prior_price_row(const PriorPriceRequest& request, pg::RowSet& rows) {
  std::vector<PricePoint> const points = points_of(request.series);
  PriorPriceOptions options;
  options.days = request.days;
  options.progressive = request.progressive;
  options.new_goods = request.new_goods;
  PriorPrice const prior = prior_price(points, request.at, options);
  bool const known = prior.current.has_value();
  rows.add({pg::value(prior.price), pg::value(prior.current), pg::value(prior.reduced),
            time_value(known, prior.level_start), time_value(known, prior.from), time_value(known, prior.to),
            pg::value(prior_flags(prior))});
}

void deal_score_row(const DealScoreRequest& request, pg::RowSet& rows) {
  std::vector<PricePoint> const points = points_of(request.series);
  std::vector<int64_t> others;
  for (std::optional<int64_t> const& other : request.others)
    if (other) others.push_back(*other);
  DealScoreOptions options;
  options.claimed_price = request.claimed;
  options.other_retailers = others;
  DealScore const score = deal_score(points, request.at, options);
  std::vector<std::string> flags;
  for (const char* const flag : score.flags.names())
    flags.emplace_back(flag);
  rows.add({pg::value(score.score), pg::value(deal_verdict_name(score.verdict)), pg::value(score.confidence),
            pg::value(score.prior.price), pg::value(flags),
            pg::json_value(components_json(score.components))});
}

}  // namespace deal::server
