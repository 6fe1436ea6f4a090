/// SQL entry point of the report.

#include "server/report/report.hpp"
#include "server/bridge/bridge.hpp"

DEAL_FUNCTION(deal_advisor_report) {
  return pg::text_datum(
      deal::server::write_report(args.text(0), args.text_array_or_empty(1), args.json_or_empty(2)));
}
