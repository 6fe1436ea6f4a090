/// SQL entry points of conversion.

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/partition/names.hpp"
#include "server/bridge/bridge.hpp"
#include "server/bridge/role.hpp"
#include "server/partition/convert.hpp"

namespace {

deal::server::ConvertRequest request_of(const pg::Arguments& args) {
  deal::server::ConvertRequest request;
  request.relation = args.oid(0);
  request.key_column = pg::name_of(args.datum(1));
  request.step = args.text(2);
  request.options = args.json_or_empty(3);
  return request;
}

const char* word_for(deal::partition::ConversionLevel level) {
  switch (level) {
    case deal::partition::ConversionLevel::ok:
      return "ok";
    case deal::partition::ConversionLevel::warning:
      return "warning";
    default:
      return "error";
  }
}

pg::Value or_null(const std::string& text) {
  return text.empty() ? pg::Value{} : pg::value(text);
}

std::vector<std::string> sql_of(const deal::partition::ConversionStep& step) {
  std::vector<std::string> sql;
  for (auto const& statement : step.statements)
    sql.push_back(statement.sql);
  return sql;
}

void add_step(pg::RowSet& rows, int32_t& number, const deal::partition::ConversionStep& step) {
  rows.add({pg::value(++number), pg::value("step"), pg::value(name_of(step.kind)), pg::value(step.words),
            pg::Value{}, pg::value(sql_of(step)), pg::value(step.lock), pg::value(step.blocks)});
}

}  // namespace

DEAL_FUNCTION(deal_advisor_partition_convert_plan) {
  pg::RowSet rows(args);
  auto const planned = deal::server::plan_conversion(request_of(args), nullptr);
  int32_t number = 0;
  for (auto const& finding : planned.findings)
    rows.add({pg::value(++number), pg::value(word_for(finding.level)), pg::value(finding.code),
              pg::value(finding.message), or_null(finding.hint), pg::Value{}, pg::Value{}, pg::Value{}});
  for (auto const& step : planned.steps)
    add_step(rows, number, step);
  if (planned.steps.empty()) return rows.result();
  for (auto const& step : deal::partition::finishing_steps(planned.conversion, planned.names))
    add_step(rows, number, step);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_partition_convert) {
  deal::server::convert_table(args, request_of(args));
  return Datum{0};
}

DEAL_FUNCTION(deal_advisor_partition_convert_rollback) {
  deal::server::roll_back_conversion(args, args.int8(0));
  return Datum{0};
}

DEAL_FUNCTION(deal_advisor_partition_convert_status) {
  pg::RowSet rows(args);
  for (auto const& stored : deal::server::status_of_conversions())
    rows.add({pg::value(stored.id), pg::value(deal::quote_qualified(stored.schema, stored.table)),
              pg::value(stored.state), or_null(stored.current), pg::value(stored.mode),
              pg::value(stored.key_column), pg::value(stored.step), pg::value(stored.cutoff_text),
              pg::value(stored.started), pg::value(stored.updated)});
  return rows.result();
}
