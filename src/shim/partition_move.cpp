/// SQL entry points of moving rows between partitions.

#include "server/bridge/bridge.hpp"
#include "server/bridge/transaction.hpp"
#include "server/partition/capture.hpp"
#include "server/partition/move_plan.hpp"

namespace {

std::vector<deal::ObjectId> oids_of(const pg::Arguments& args, int position) {
  pg::Spi spi;
  std::string const text = pg::output_of(args.datum(position), 2210);  // regclass[]
  auto const rows = spi.query("select pg_catalog.unnest($1::pg_catalog.regclass[])::oid", {text});
  std::vector<deal::ObjectId> oids;
  for (size_t row = 0; row < rows.size(); ++row)
    oids.push_back(rows.oid(row, 0));
  return oids;
}

}  // namespace

DEAL_FUNCTION(deal_advisor_partition_drain) {
  pg::require_own_transactions(args);
  deal::server::MoveRequest request;
  request.manner.batch = args.int4(1);
  if (request.manner.batch < 1) throw deal::Error("22023", "batch must be at least 1");
  request.manner.pause_ms = static_cast<double>(args.milliseconds(2));
  request.options = args.json_or_empty(3);
  deal::server::drain_default(args.oid(0), request);
  return Datum{0};
}

DEAL_FUNCTION(deal_advisor_partition_split) {
  pg::require_own_transactions(args);
  std::optional<std::vector<std::string>> cuts;
  if (!args.is_null(1)) cuts = args.text_array(1);
  deal::server::MoveRequest request;
  request.options = args.json_or_empty(2);
  deal::server::split_partition(args.oid(0), cuts, request);
  return Datum{0};
}

DEAL_FUNCTION(deal_advisor_partition_merge) {
  pg::require_own_transactions(args);
  deal::server::MoveRequest request;
  request.options = args.json_or_empty(1);
  deal::server::merge_partitions(oids_of(args, 0), request);
  return Datum{0};
}

DEAL_FUNCTION(deal_advisor_partition_capture) {
  deal::server::capture_change(args);
  return Datum{0};
}
