/// SQL entry points of alerts.

#include "server/marketplace/match.hpp"
#include "core/base/error.hpp"
#include "server/bridge/bridge.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace {

using namespace deal;

pg::Value price_value(int64_t price) {
  return price == marketplace::no_price ? pg::Value{} : pg::value(price);
}

/// The caller's column definition list says what comes back: it must be what we make.
void check_shape(TupleDesc shape, const server::FiringWatches& found) {
  Oid const price = found.price_type;
  Oid const types[] = {INT8OID,         INT8OID, INT8OID, INT8OID, INT8OID,
                       found.kind_type, price,   price,   price,   found.currency_type,
                       TIMESTAMPTZOID};
  bool fits = shape->natts == static_cast<int>(std::size(types));
  for (size_t i = 0; fits && i < std::size(types); ++i)
    fits = TupleDescAttr(shape, static_cast<int>(i))->atttypid == types[i];
  if (!fits)
    throw Error("42804", "the column definition list does not fit")
        .hint("Call match_alerts() of the marketplace, which calls this.");
}

pg::Value currency_value(const marketplace::Currency& currency) {
  size_t const size = strnlen(currency.data(), currency.size());
  return {pg::call([&] {
            return PointerGetDatum(cstring_to_text_with_len(currency.data(), static_cast<int>(size)));
          }),
          false};
}

}  // namespace

DEAL_FUNCTION(deal_advisor_marketplace_match_watches) {
  server::MatchRequest request;
  request.schema = pg::name_of(args.datum(0));
  request.tenant = args.int8(1);
  request.taken = args.datum(2);
  request.moment = DatumGetTimestampTz(args.datum(3));
  pg::RowSet rows(args);
  auto const found = server::match_watches(request);
  if (!found) {
    // A row of nothing says that nothing was done; no row, that nothing fires.
    std::vector<pg::Value> const nothing(static_cast<size_t>(rows.shape()->natts));
    rows.add(nothing);
    return rows.result();
  }
  check_shape(rows.shape(), *found);
  for (server::FiringWatch const& one : found->told) {
    marketplace::PriceMove const& move = one.move;
    pg::Value const row[] = {pg::value(one.firing.watch),
                             pg::value(one.user),
                             pg::value(move.id),
                             pg::value(move.product),
                             pg::value(move.listing),
                             {ObjectIdGetDatum(one.kind), false},
                             price_value(move.price),
                             price_value(move.was),
                             price_value(one.reference),
                             currency_value(move.currency),
                             {TimestampTzGetDatum(move.at), false}};
    rows.add(row);
  }
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_marketplace_match_obstacle) {
  auto const obstacle = server::match_obstacle(pg::name_of(args.datum(0)), args.int8(1));
  if (!obstacle) {
    args.fcinfo()->isnull = true;
    return Datum{0};
  }
  return pg::text_datum(*obstacle);
}
