/// SQL entry point of partition_advice.

#include <cmath>

#include "core/base/error.hpp"
#include "core/base/options.hpp"
#include "core/base/text.hpp"
#include "server/bridge/bridge.hpp"
#include "server/partition/advice.hpp"

namespace {

using deal::partition::AdviceRow;
using deal::server::PartitionAdvice;
using deal::server::PartitionAdviceRequest;

PartitionAdviceRequest request_of(const pg::Arguments& args) {
  PartitionAdviceRequest request;
  request.schemas = args.text_array_or_empty(0);
  deal::Options options("partition_advice", args.json_or_empty(1));
  std::string const min_bytes = options.text("min_bytes", "10GB");
  request.use_workload = options.boolean("workload", true);
  request.time_limit_ms = static_cast<int64_t>(1000 * options.number("max_seconds", 30, 0, 86'400));
  options.finish();
  auto const bytes = deal::parse_bytes(min_bytes);
  if (!bytes || *bytes < 0)
    throw deal::Error("22023", "min_bytes \"" + min_bytes + "\" is not a size")
        .hint("Write it as '500MB' or '10 GB'.");
  request.options.min_bytes = *bytes;
  return request;
}

double rounded(double number) {
  return std::round(number * 10) / 10;
}

std::string evidence_of(const PartitionAdvice& advice, const AdviceRow& row) {
  deal::Evidence evidence = row.evidence;
  evidence.add("rows", static_cast<std::int64_t>(row.table->rows), "rows", "pg_class.reltuples")
      .add("inserts", static_cast<std::int64_t>(row.table->inserts), "rows", "pg_stat_all_tables.n_tup_ins")
      .add("deletes", static_cast<std::int64_t>(row.table->deletes), "rows", "pg_stat_all_tables.n_tup_del")
      .add("statistics", rounded(row.table->stats_days), "days", "pg_stat_database.stats_reset");
  if (!advice.workload_unknown.empty()) {
    evidence.add("workload", "not looked at: " + advice.workload_unknown, "", "pg_stat_statements");
  } else {
    evidence.add("statements", static_cast<std::int64_t>(advice.statements), "planned", "pg_stat_statements")
        .add("workload_skipped", rounded(advice.skipped_time_pct), "% of its time", "pg_stat_statements");
  }
  return evidence.json();
}

pg::Value list_or_null(const std::vector<std::string>& list) {
  return list.empty() ? pg::Value{} : pg::value(list);
}

void add_row(pg::RowSet& rows, int rank, const PartitionAdvice& advice, const AdviceRow& row) {
  rows.add({pg::value(int32_t{rank}), pg::value(row.table->identity), pg::value(name_of(row.method)),
            pg::value(row.column), row.step.empty() ? pg::Value{} : pg::value(row.step),
            pg::value(static_cast<int32_t>(row.partitions)), pg::value(row.partition_bytes),
            pg::value(row.table->bytes), pg::value(rounded(row.pruned_pct)),
            pg::value(rounded(row.deleted_pct)), pg::value(row.bytes_per_drop), pg::value(row.why),
            list_or_null(row.benefits), list_or_null(row.costs), list_or_null(row.blockers),
            pg::value(static_cast<float>(row.confidence)), list_or_null(row.ddl),
            pg::json_value(evidence_of(advice, row))});
}

}  // namespace

DEAL_FUNCTION(deal_advisor_partition_advice) {
  pg::RowSet rows(args);
  PartitionAdvice const advice = deal::server::partition_advice(request_of(args));
  int rank = 0;
  for (auto const& row : advice.rows)
    add_row(rows, ++rank, advice, row);
  return rows.result();
}
