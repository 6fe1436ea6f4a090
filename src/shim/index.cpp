/// SQL entry points of the index capability.

#include "core/base/error.hpp"
#include "server/bridge/bridge.hpp"
#include "server/index/evaluate.hpp"

DEAL_FUNCTION(deal_advisor_index_size) {
  return Int64GetDatum(deal::server::index_size(args.text(0)));
}

DEAL_FUNCTION(deal_advisor_index_what_if) {
  pg::RowSet rows(args);
  auto const answer =
      deal::server::index_what_if(args.text(0), args.text_array_or_empty(1), args.text_array_or_empty(2));
  double const benefit =
      answer.cost_before > 0 ? 100.0 * (answer.cost_before - answer.cost_after) / answer.cost_before : 0;
  rows.add({pg::value(answer.cost_before), pg::value(answer.cost_after), pg::value(benefit),
            pg::value(answer.used), pg::value(answer.plan_before), pg::value(answer.plan_after)});
  return rows.result();
}
