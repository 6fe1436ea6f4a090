#include "core/audit/enable.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"

namespace deal::audit {

namespace {

void add_trigger(std::vector<std::string>& statements, const TriggerPlace& place, const char* name,
                 const char* when, const std::string& log, int table, Firing firing) {
  std::string const trigger = quote_identifier(name);
  statements.push_back(
      fmt::format("create or replace trigger {} {} on {} {} execute function "
                  "deal_advisor.audit_capture({}, '{}')",
                  trigger, when, place.relation, name == kRowTrigger ? "for each row" : "for each statement",
                  quote_literal(log), table));
  statements.push_back(fmt::format("alter table {} enable {}trigger {}", place.relation,
                                   firing == Firing::always ? "always " : "", trigger));
}

void treat(Layout& layout, const std::vector<std::string>& names, Treatment treatment,
           const std::vector<std::string>& keys) {
  for (std::string const& name : names) {
    auto const column = std::ranges::find(layout.columns, name, &LayoutColumn::name);
    if (column == layout.columns.end())
      throw Error("42703", "column " + quote_identifier(name) + " does not exist");
    if (std::ranges::find(keys, name) != keys.end())
      throw Error("22023", "column " + quote_identifier(name) + " is part of the key that tells rows apart")
          .hint("Without it the history of a row can't be found. Use another key: options {\"key\": [...]}.");
    if (column->treatment != Treatment::plain)
      throw Error("22023", "column " + quote_identifier(name) + " is named twice in ignore, redact and hash");
    column->treatment = treatment;
  }
}

}  // namespace

Firing parse_firing(const std::string& text) {
  if (text == "always") return Firing::always;
  if (text == "origin") return Firing::origin;
  throw Error("22023", "fire must be always or origin, not \"" + text + "\"")
      .hint("origin: not for what replication applies, nor while session_replication_role is replica.");
}

std::vector<std::string> trigger_statements(const std::vector<TriggerPlace>& places, const std::string& log,
                                            int table, Firing firing) {
  std::vector<std::string> statements;
  for (TriggerPlace const& place : places) {
    if (place.row)
      add_trigger(statements, place, kRowTrigger, "after insert or update or delete", log, table, firing);
    add_trigger(statements, place, kTruncateTrigger, "before truncate", log, table, firing);
  }
  return statements;
}

std::vector<std::string> drop_statements(const std::vector<TriggerPlace>& places) {
  std::vector<std::string> statements;
  for (TriggerPlace const& place : places) {
    if (place.row)
      statements.push_back(
          fmt::format("drop trigger if exists {} on {}", quote_identifier(kRowTrigger), place.relation));
    statements.push_back(
        fmt::format("drop trigger if exists {} on {}", quote_identifier(kTruncateTrigger), place.relation));
  }
  return statements;
}

void apply_treatment(Layout& layout, const RequestedTreatment& request,
                     const std::vector<std::string>& keys) {
  for (LayoutColumn& column : layout.columns)
    column.treatment = Treatment::plain;
  treat(layout, request.ignored, Treatment::ignored, keys);
  treat(layout, request.redacted, Treatment::redacted, keys);
  treat(layout, request.hashed, Treatment::hashed, keys);
}

}  // namespace deal::audit
