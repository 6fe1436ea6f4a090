/// Values in and out: arguments, arrays, rows.

#include "core/base/error.hpp"
#include "server/bridge/bridge.hpp"

DEAL_FUNCTION(deal_advisor_test_pass) {
  return Int32GetDatum(args.int4(0));
}
DEAL_FUNCTION(deal_advisor_test_echo_text) {
  return pg::text_datum(args.text(0));
}
DEAL_FUNCTION(deal_advisor_test_echo_json) {
  return pg::jsonb_datum(args.json_or_empty(0));
}
DEAL_FUNCTION(deal_advisor_test_parse_json) {
  return pg::jsonb_datum(args.text(0));
}
DEAL_FUNCTION(deal_advisor_test_echo_array) {
  return pg::text_array_datum(args.text_array(0));
}
DEAL_FUNCTION(deal_advisor_test_as_name) {
  return pg::name_datum(args.text(0));
}
DEAL_FUNCTION(deal_advisor_test_milliseconds) {
  return Int64GetDatum(args.milliseconds(0));
}
DEAL_FUNCTION(deal_advisor_test_setting) {
  return pg::text_datum(pg::setting(args.text(0).c_str()));
}

/// (rows, values in a row)
DEAL_FUNCTION(deal_advisor_test_rows) {
  pg::RowSet rows(args);
  for (int32_t i = 1; i <= args.int4(0); ++i) {
    std::optional<std::string> const maybe = i % 2 == 0 ? std::optional(std::to_string(i)) : std::nullopt;
    std::vector<std::string> const list(static_cast<size_t>(i % 3), "e");
    std::vector<pg::Value> values = {pg::value(i), pg::value(maybe), pg::json_value("{\"i\": 1}"),
                                     pg::value(list), pg::value(0.5 * i)};
    values.resize(static_cast<size_t>(args.int4(1)));
    rows.add(values);
  }
  return rows.result();
}

/// (rows) of a single column
DEAL_FUNCTION(deal_advisor_test_column) {
  pg::RowSet rows(args);
  for (int32_t i = 1; i <= args.int4(0); ++i)
    rows.add({pg::value(i)});
  return rows.result();
}
