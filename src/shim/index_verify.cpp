/// SQL entry point of index_verify.

#include <cmath>

#include "core/base/options.hpp"
#include "core/base/text.hpp"
#include "server/bridge/bridge.hpp"
#include "server/index/verify.hpp"
#include "server/workload/read.hpp"

namespace {

using deal::server::VerifyRequest;
using deal::server::VerifyRow;

VerifyRequest request_of(const pg::Arguments& args) {
  VerifyRequest request;
  deal::Options options("index_verify", args.json_or_empty(2));
  std::string const most = options.text("max_table_bytes", "256MB");
  request.build = options.boolean("build", false);
  request.sample_percent = options.number("sample_percent", 0, 0, 100);
  request.lock_timeout = options.text("lock_timeout", "1s");
  request.run = options.boolean("run", false);
  request.runs = static_cast<int>(options.integer("runs", 3, 1, 1000));
  request.run_seconds = options.number("run_seconds", 10, 0.001, 86'400);
  options.finish();
  auto const bytes = deal::parse_bytes(most);
  if (!bytes || *bytes < 0)
    throw deal::Error("22023", "max_table_bytes \"" + most + "\" is not a size")
        .hint("Write it as '256MB' or '1.5 GB'.");
  request.max_table_bytes = *bytes;
  request.ddl = args.text_array(0);
  request.workload =
      args.is_null(1) ? deal::server::read_workload() : deal::server::workload_of(args.datum(1));
  return request;
}

/// To as many places as a person reads; estimates hold no more.
std::optional<double> rounded(std::optional<double> number, double places) {
  if (!number) return std::nullopt;
  return std::round(*number * places) / places;
}

void add_row(pg::RowSet& rows, const VerifyRow& row) {
  std::optional<double> factor;
  if (row.estimated && row.actual && *row.actual > 0) factor = *row.estimated / *row.actual;
  rows.add({pg::value(row.what), pg::value(row.item), pg::value(rounded(row.estimated, 100)),
            pg::value(rounded(row.actual, 100)), pg::value(rounded(factor, 1000)),
            pg::value(rounded(row.before, 100)), row.used.empty() ? pg::Value{} : pg::value(row.used),
            pg::value(rounded(row.ms_before, 1000)), pg::value(rounded(row.ms_after, 1000)),
            pg::value(rounded(row.est_build_seconds, 1000)), pg::value(rounded(row.build_seconds, 1000)),
            row.note.empty() ? pg::Value{} : pg::value(row.note),
            row.sql.empty() ? pg::Value{} : pg::value(row.sql)});
}

}  // namespace

DEAL_FUNCTION(deal_advisor_index_verify) {
  pg::RowSet rows(args);
  for (auto const& row : deal::server::index_verify(request_of(args)))
    add_row(rows, row);
  return rows.result();
}
