#include "server/report/report.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/options.hpp"
#include "core/report/report.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/review/engine.hpp"

namespace deal::server {

namespace {

constexpr const char* kFacts = R"sql(
select case when pg_catalog.has_database_privilege(d.oid, 'connect')
              or pg_catalog.pg_has_role('pg_read_all_stats', 'usage')
            then pg_catalog.pg_database_size(d.oid) else -1 end,
  pg_catalog.current_setting('server_version'),
  pg_catalog.to_char(coalesce(pg_catalog.pg_stat_get_db_stat_reset_time(d.oid),
                              pg_catalog.pg_stat_get_bgwriter_stat_reset_time()), 'YYYY-MM-DD HH24:MI TZ')
from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())sql";

constexpr const char* kSettings = R"sql(
select name, pg_catalog.current_setting(name) from pg_catalog.pg_settings
where name in ('shared_buffers', 'effective_cache_size', 'work_mem', 'maintenance_work_mem',
  'random_page_cost', 'max_connections', 'default_statistics_target', 'autovacuum', 'lock_timeout',
  'statement_timeout')
order by name)sql";

constexpr const char* kAdvice = R"sql(
select a.rank, a.action, a.relation, a.index_name, a.est_bytes, a.cost_before, a.cost_after, a.benefit_pct,
  a.why,  pg_catalog.to_json(a.ddl), pg_catalog.to_json(a.rollback)
from deal_advisor.index_advice(budget => $1, schemas => $2::name[], time_limit => $3::interval) a
where pg_catalog.cardinality(a.requires) = 0  -- others have no figures yet
order by a.rank)sql";

std::vector<std::string> texts_of(const std::string& json) {
  std::vector<std::string> texts;
  auto const parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_array()) return texts;
  for (auto const& element : parsed)
    if (element.is_string()) texts.push_back(element.get<std::string>());
  return texts;
}

/// An array literal of names.
std::string name_array(const std::vector<std::string>& names) {
  std::string literal = "{";
  for (auto const& name : names) {
    if (literal.size() > 1) literal += ',';
    literal += '"';
    for (const char c : name) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    literal += '"';
  }
  return literal + '}';
}

void read_facts(report::Input& input) {
  pg::Spi spi;
  auto const facts = spi.query(kFacts);
  input.database_bytes = facts.int8(0, 0);
  input.server_version = facts.text(0, 1);
  input.stats_since = facts.text(0, 2);
  auto const settings = spi.query(kSettings);
  for (size_t row = 0; row < settings.size(); ++row)
    input.settings.emplace_back(settings.text(row, 0), settings.text(row, 1));
}

struct AdviceRequest {
  std::string budget;
  std::string time_limit;
  const std::vector<std::string>& schemas;
};

void read_advice(report::Input& input, const AdviceRequest& request) {
  auto const failure = pg::attempt(pg::OnSuccess::roll_back, [&] {
    pg::Spi spi(pg::SearchPath::callers);
    auto const rows =
        spi.query(kAdvice, {request.budget.empty() ? pg::Cell{} : pg::Cell{request.budget},
                            request.schemas.empty() ? pg::Cell{} : pg::Cell{name_array(request.schemas)},
                            pg::Cell{request.time_limit}});
    for (size_t row = 0; row < rows.size(); ++row)
      input.advice.push_back({static_cast<int>(rows.int8(row, 0)), rows.text(row, 1), rows.text(row, 2),
                              rows.text(row, 3), rows.int8(row, 4), rows.float8(row, 5), rows.float8(row, 6),
                              rows.float8(row, 7), rows.text(row, 8), texts_of(rows.text(row, 9)),
                              texts_of(rows.text(row, 10))});
  });
  if (!failure) return;
  input.advice.clear();
  input.no_advice = fmt::format("deal_advisor.index_advice() answers \"{}\".", failure->message);
}

}  // namespace

std::string write_report(const std::string& format, const std::vector<std::string>& schemas,
                         const std::string& json) {
  if (format != "text" && format != "markdown")
    throw Error("22023", "unknown report format \"" + format + "\"").hint("Formats: text, markdown.");
  Options options("report", json);
  int const max_items = static_cast<int>(options.integer("max_items", 50, 1, 1'000'000));
  AdviceRequest const advice{options.text("budget", ""), options.text("time_limit", "30 s"), schemas};
  std::string const min_stats_age = options.text("min_stats_age", "");
  options.finish();
  Catalog catalog;
  std::vector<Finding> const findings = review(review_request(schemas, min_stats_age), &catalog);
  report::Input input{catalog, findings, -1, {}, {}, {}, {}, {}, max_items};
  read_facts(input);
  read_advice(input, advice);
  report::Document const document = report::compose(input);
  return format == "text" ? report::as_text(document) : report::as_markdown(document);
}

}  // namespace deal::server
