/// SQL entry points of the workload.

#include "server/bridge/bridge.hpp"
#include "server/workload/read.hpp"
#include "server/workload/status.hpp"

namespace {

/// An empty string of the model is SQL's NULL.
pg::Value text_or_null(const std::string& text) {
  return text.empty() ? pg::Value{} : pg::value(text);
}

pg::Value name_or_null(const std::string& name) {
  return name.empty() ? pg::Value{} : pg::Value{pg::name_datum(name), false};
}

/// The workload that the three arguments (source, statements, options) of a call ask for.
deal::Workload requested(const pg::Arguments& args) {
  auto const options = deal::server::workload_options(args.json_or_empty(2));
  bool const from_relation = !args.is_null(0);
  bool const from_argument = !args.is_null(1);
  if (from_relation && from_argument)
    throw deal::Error("22023", "either source or statements names the workload, not both");
  if (from_relation) return deal::server::read_workload_from(args.oid(0), options);
  if (from_argument) return deal::server::workload_of(args.datum(1));
  return deal::server::read_workload(options);
}

}  // namespace

DEAL_FUNCTION(deal_advisor_workload) {
  pg::RowSet rows(args);
  for (auto const& s : requested(args))
    rows.add({pg::value(s.query), pg::value(s.calls), pg::value(s.mean_ms), name_or_null(s.role),
              text_or_null(s.search_path), pg::value(s.source), text_or_null(s.query_id)});
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_workload_status) {
  pg::RowSet rows(args);
  auto const workload = requested(args);
  auto const statuses = deal::server::statuses_of(workload);
  for (size_t i = 0; i < workload.size(); ++i) {
    auto const& statement = workload[i];
    auto const& status = statuses[i];
    rows.add({text_or_null(statement.query_id), name_or_null(statement.role),
              pg::value(status.planned ? "planned" : "skipped"), text_or_null(status.reason),
              pg::value(status.share_of_time), pg::value(statement.calls), pg::value(statement.mean_ms),
              pg::value(statement.query)});
  }
  return rows.result();
}
