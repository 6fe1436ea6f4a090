/// SQL entry point of bloat.

#include "server/bloat/bloat.hpp"

#include <cmath>

#include "core/base/error.hpp"
#include "server/bridge/bridge.hpp"

namespace {

pg::Value whole(double bytes) {
  return pg::value(static_cast<int64_t>(std::llround(bytes)));
}

}  // namespace

DEAL_FUNCTION(deal_advisor_table_bloat) {
  deal::server::BloatRequest request;
  request.table = args.oid(0);
  request.most_pages = args.int4(1);
  if (request.most_pages < 1) throw deal::Error("22023", "max_pages must be at least 1");
  pg::RowSet rows(args);
  for (deal::server::BloatPart const& part : deal::server::measure_bloat(request)) {
    pg::Value const relation{ObjectIdGetDatum(part.relation), false};
    if (!part.withheld.empty()) {
      rows.add(
          {relation, pg::value(part.kind), {}, {}, {}, {}, {}, {}, {}, {}, {}, pg::value(part.withheld)});
      continue;
    }
    auto const& estimate = part.estimate;
    double const share = part.bytes == 0 ? 0 : 100 * estimate.gain / static_cast<double>(part.bytes);
    rows.add({relation,
              pg::value(part.kind),
              pg::value(part.bytes),
              pg::value(part.pages_read),
              whole(estimate.dead),
              whole(estimate.held),
              whole(estimate.free),
              whole(estimate.gain),
              whole(estimate.gain_low),
              whole(estimate.gain_high),
              pg::value(std::round(10 * share) / 10),
              {}});
  }
  return rows.result();
}
