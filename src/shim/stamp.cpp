/// SQL entry points of stamps.

#include "server/bridge/bridge.hpp"
#include "server/stamp/enable.hpp"
#include "server/stamp/trigger.hpp"

DEAL_FUNCTION(deal_advisor_stamp) {
  return deal::server::stamp_row(args);
}

DEAL_FUNCTION(deal_advisor_stamp_enable) {
  deal::server::StampRequest request;
  request.relation = args.oid(0);
  for (int i = 0; i < 4; ++i)
    if (!args.is_null(i + 1)) request.columns[i] = pg::name_of(args.datum(i + 1));
  request.options = args.json_or_empty(5);
  return pg::text_datum(deal::server::enable_stamp(request));
}

DEAL_FUNCTION(deal_advisor_stamp_disable) {
  return pg::text_datum(deal::server::disable_stamp(args.oid(0)));
}
