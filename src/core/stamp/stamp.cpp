#include "core/stamp/stamp.hpp"

#include <fmt/format.h>

#include "core/base/json.hpp"
#include "core/base/quote.hpp"

namespace deal::stamp {

namespace {

constexpr const char* kCall = "execute function deal_advisor.stamp(";

std::string addition(const Settings& settings, Part part) {
  std::string const column = "add column " + quote_identifier(settings.column(part));
  if (!is_time(part)) return column + " pg_catalog.text";
  if (settings.old_rows_null) return column + " timestamptz";
  return column + " timestamptz not null default pg_catalog.now()";
}

}  // namespace

const char* name_of(Part part) {
  constexpr std::array kNames{"created_at", "updated_at", "created_by", "updated_by"};
  return kNames[static_cast<std::size_t>(part)];
}

std::optional<Part> part_of(std::string_view name) {
  for (Part const part : kParts)
    if (name == name_of(part)) return part;
  return std::nullopt;
}

bool is_time(Part part) {
  return part == Part::created_at || part == Part::updated_at;
}

const char* name_of(Clock clock) {
  constexpr std::array kNames{"transaction", "statement", "clock"};
  return kNames[static_cast<std::size_t>(clock)];
}

std::optional<Clock> clock_of(std::string_view name) {
  for (Clock const clock : {Clock::transaction, Clock::statement, Clock::clock})
    if (name == name_of(clock)) return clock;
  return std::nullopt;
}

const char* function_of(Clock clock) {
  constexpr std::array kFunctions{"now", "statement_timestamp", "clock_timestamp"};
  return kFunctions[static_cast<std::size_t>(clock)];
}

std::vector<std::string> add_columns(const std::string& table, const Settings& settings,
                                     const std::vector<Part>& missing) {
  std::string added;
  std::string defaults;
  for (Part const part : missing) {
    added += (added.empty() ? "" : ", ") + addition(settings, part);
    if (!is_time(part) || (settings.clock == Clock::transaction && !settings.old_rows_null)) continue;
    defaults += fmt::format("{}alter column {} set default pg_catalog.{}()", defaults.empty() ? "" : ", ",
                            quote_identifier(settings.column(part)), function_of(settings.clock));
  }
  std::vector<std::string> statements;
  if (!added.empty()) statements.push_back("alter table " + table + " " + added);
  if (!defaults.empty()) statements.push_back("alter table " + table + " " + defaults);
  return statements;
}

std::vector<std::string> create_triggers(const std::string& table, const Settings& settings) {
  std::string columns;
  std::string arguments;
  for (Part const part : kParts) {
    if (settings.column(part).empty()) continue;
    char const* const comma = columns.empty() ? "" : ", ";
    columns += comma + quote_identifier(settings.column(part));
    arguments += comma + quote_literal(name_of(part));
  }
  return {fmt::format("create trigger zz_stamp_columns before insert or update of {} on {} for each row "
                      "{}{}, {}, {})",
                      columns, table, kCall, arguments,
                      quote_literal(std::string("clock=") + name_of(settings.clock)),
                      quote_literal(settings.trust_insert ? "trust_insert" : "no_trust_insert")),
          fmt::format("create trigger zz_stamp before update on {} for each row {})", table, kCall)};
}

std::optional<std::string> user_of_context(std::string_view context) {
  auto const json = Json::parse(context, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  auto const user = json.find("user");
  if (user == json.end()) return std::nullopt;
  std::string name;
  if (user->is_string())
    name = user->get<std::string>();
  else if (user->is_number())
    name = user->dump();
  name = name.substr(0, name.find('\0'));
  return name.empty() ? std::nullopt : std::optional(name);
}

}  // namespace deal::stamp
