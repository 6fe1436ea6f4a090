/// SQL entry points of the index capability.

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/options.hpp"
#include "core/base/text.hpp"
#include "server/bridge/bridge.hpp"
#include "server/index/advice.hpp"
#include "server/index/evaluate.hpp"
#include "server/workload/read.hpp"

namespace {

using deal::server::AdviceRequest;

/// A role that cannot be taken would leave every statement skipped: better one error.
std::string requested_role(const pg::Arguments& args) {
  std::string name = pg::name_of(args.datum(6));
  Oid const role = pg::role_oid(name);
  if (role == InvalidOid) throw deal::Error("42704", "role \"" + name + "\" does not exist");
  if (!pg::may_assume(pg::current_role(), role))
    throw deal::Error("42501", "permission denied to plan as role \"" + name + "\"")
        .hint("as_role must be a role that you are a member of.");
  return name;
}

/// In milliseconds; 0 for NULL: no limit.
int64_t requested_time_limit(const pg::Arguments& args) {
  if (args.is_null(7)) return 0;
  int64_t const milliseconds = args.milliseconds(7);
  if (milliseconds <= 0)
    throw deal::Error("22023", "time_limit must be positive").hint("NULL means no limit.");
  return milliseconds;
}

/// The statement, the given workload, or what pg_stat_statements saw.
deal::Workload requested_workload(const pg::Arguments& args) {
  if (!args.is_null(0) && !args.is_null(1))
    throw deal::Error("22023", "either query or workload says what to advise on, not both");
  deal::Workload workload;
  if (!args.is_null(0)) {
    deal::Statement statement;
    statement.query = args.text(0);
    statement.source = "argument";
    statement.query_id = "query";
    statement.top_level = true;
    workload.push_back(statement);
  } else if (!args.is_null(1)) {
    workload = deal::server::workload_of(args.datum(1));
  } else {
    workload = deal::server::read_workload();
  }
  if (workload.empty())
    throw deal::Error("55000", "there is no workload: the array holds no statement")
        .hint("Leave the argument out to take what pg_stat_statements saw.");
  if (!args.is_null(6))
    for (auto& statement : workload)
      statement.role = requested_role(args);
  return workload;
}

std::optional<int64_t> requested_budget(const pg::Arguments& args) {
  auto const text = args.optional_text(2);
  if (!text) return std::nullopt;
  auto const bytes = deal::parse_bytes(*text);
  if (!bytes || *bytes < 0)
    throw deal::Error("22023", "budget \"" + *text + "\" is not a size")
        .hint("Write it as '500MB' or '1.5 GB'.");
  return bytes;
}

std::vector<deal::index::AccessMethod> requested_methods(const pg::Arguments& args) {
  std::vector<deal::index::AccessMethod> methods;
  for (auto const& name : args.text_array_or_empty(5)) {
    auto const method = deal::index::access_method(name);
    if (!method)
      throw deal::Error("0A000", "access method \"" + name + "\" cannot be advised on")
          .hint("Advice exists for btree, hash, brin, gin, gist and spgist.");
    methods.push_back(*method);
  }
  return methods;
}

bool requested_hypopg_sizes(const std::string& size_model) {
  if (size_model != "own" && size_model != "hypopg")
    throw deal::Error("22023", "size_model \"" + size_model + "\" does not exist")
        .hint("It is own, or hypopg to compare with tools that use HypoPG's sizes.");
  return size_model == "hypopg";
}

AdviceRequest request_of(const pg::Arguments& args) {
  AdviceRequest request;
  deal::Options options("index_advice", args.json_or_empty(8));
  request.details = options.boolean("details", false);
  request.budget_is_net = options.boolean("budget_is_net", false);
  request.max_planner_calls = static_cast<int>(options.integer("max_planner_calls", 1500, 1, 1'000'000));
  request.min_gain_pct = options.number("min_gain_pct", 0.1, 0, 100);
  request.min_table_pages = static_cast<int>(options.integer("min_table_pages", 16, 0, 1'000'000'000));
  request.sample_rows = static_cast<int>(options.integer("sample_rows", 0, 100, 200'000));
  request.hypopg_sizes = requested_hypopg_sizes(options.text("size_model", "own"));
  request.progress_seconds = options.number("progress", 5, 0, 86'400);
  request.unused_after = 86400 * options.number("unused_after", 30, 0, 36'500);
  options.finish();
  request.methods = requested_methods(args);
  request.budget_bytes = requested_budget(args);
  request.schemas = args.text_array_or_empty(3);
  request.max_columns = args.is_null(4) ? 4 : args.int4(4);
  if (request.max_columns < 1 || request.max_columns > 8)
    throw deal::Error("22023", "max_columns must be from 1 to 8");
  request.time_limit_ms = requested_time_limit(args);
  request.workload = requested_workload(args);
  request.single_statement = !args.is_null(0);
  return request;
}

std::string queries_json(const std::vector<deal::server::QueryShare>& queries) {
  deal::Json list = deal::Json::array();
  for (auto const& query : queries) {
    list.push_back({{"query_id", query.query_id},
                    {"calls", query.calls},
                    {"before", query.before},
                    {"after", query.after},
                    {"text", query.text}});
    if (query.choices > 1) list.back()["worst_after"] = query.outlook.worst_after;
  }
  return list.dump(-1, ' ', false, deal::Json::error_handler_t::replace);
}

std::string stats_json(const deal::server::AdviceStats& stats) {
  return deal::Json{{"statements", stats.statements},
                    {"templates", stats.templates},
                    {"skipped", stats.skipped},
                    {"skipped_time_pct", stats.skipped_time_pct},
                    {"with_variables", stats.with_variables},
                    {"candidates", stats.candidates},
                    {"planner_calls", stats.planner_calls},
                    {"cpu_seconds", stats.cpu_seconds},
                    {"sampling_cpu_seconds", stats.sampling_cpu_seconds},
                    {"elapsed_ms", stats.elapsed_ms},
                    {"hit_time_limit", stats.hit_time_limit}}
      .dump();
}

pg::Value text_or_null(const std::string& text) {
  return text.empty() ? pg::Value{} : pg::value(text);
}

void add_row(pg::RowSet& rows, int rank, const deal::server::AdviceRow& row, const pg::Value& stats) {
  bool const skipped = row.action == "skip";
  bool const rejected = row.action == "reject";
  auto const figure = [](bool known, auto number) { return known ? pg::value(number) : pg::Value{}; };
  rows.add({pg::value(rank), pg::value(row.action), text_or_null(row.relation), text_or_null(row.index_name),
            skipped ? pg::Value{} : pg::value(row.access_method),
            figure(!skipped && row.priced, row.est_bytes), figure(!skipped, row.cost_before),
            figure(!skipped && !rejected && row.priced, row.cost_after),
            figure(!skipped && row.priced, row.benefit_pct), figure(!skipped && row.priced, row.write_cost),
            pg::value(row.why), pg::value(row.confidence), pg::value(row.ddl), pg::value(row.rollback),
            pg::json_value(queries_json(row.queries)), pg::value(row.prerequisites), pg::value(row.replaces),
            stats});
}

}  // namespace

DEAL_FUNCTION(deal_advisor_index_advice) {
  pg::RowSet rows(args);
  auto const advice = deal::server::index_advice(request_of(args));
  pg::Value stats = pg::json_value(stats_json(advice.stats));
  int rank = 0;
  for (auto const& row : advice.rows) {
    add_row(rows, ++rank, row, stats);
    stats = pg::Value{};
  }
  return rows.result();
}

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
