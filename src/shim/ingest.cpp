/// SQL entry points of bulk ingestion.

#include "server/marketplace/ingest.hpp"
#include "server/bridge/bridge.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

namespace {

/// Positions from 1, as int[].
pg::Value positions_value(const std::vector<int32_t>& positions) {
  Datum const array = pg::call([&] {
    auto* const values =
        static_cast<Datum*>(palloc_extended(sizeof(Datum) * (positions.size() + 1), MCXT_ALLOC_HUGE));
    for (size_t i = 0; i < positions.size(); ++i)
      values[i] = Int32GetDatum(positions[i] + 1);
    return PointerGetDatum(
        construct_array(values, static_cast<int>(positions.size()), INT4OID, 4, true, TYPALIGN_INT));
  });
  return {array, false};
}

}  // namespace

DEAL_FUNCTION(deal_advisor_marketplace_record_prices) {
  deal::server::IngestRequest request;
  request.schema = pg::name_of(args.datum(0));
  request.tenant = args.int8(1);
  request.source = args.text(6);
  auto observations =
      deal::server::observations_of(args.datum(2), args.datum(3), args.datum(4), args.datum(5));
  pg::RowSet rows(args);
  if (!observations) return rows.result();
  request.observations = std::move(*observations);
  auto const result = deal::server::record_prices(request);
  if (result) rows.add({pg::value(result->stored), positions_value(result->rest)});
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_marketplace_record_obstacle) {
  auto const obstacle = deal::server::ingest_obstacle(pg::name_of(args.datum(0)), args.int8(1));
  if (!obstacle) {
    args.fcinfo()->isnull = true;
    return Datum{0};
  }
  return pg::text_datum(*obstacle);
}
