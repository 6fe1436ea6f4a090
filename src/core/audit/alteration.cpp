#include "core/audit/alteration.hpp"

#include <string_view>

#include <fmt/format.h>

#include "core/base/json.hpp"
#include "core/base/quote.hpp"

namespace deal::audit {

namespace {

/// The log's names of types say that they are the server's own.
std::string_view type_of(const LayoutColumn& column) {
  constexpr std::string_view kServers = "pg_catalog.";
  std::string_view const type = column.type;
  return type.starts_with(kServers) ? type.substr(kServers.size()) : type;
}

void add_changes_of(const LayoutColumn& before, const LayoutColumn& after,
                    std::vector<std::string>& changes) {
  if (before.name != after.name)
    changes.push_back(
        fmt::format("{} is called {} now", quote_identifier(before.name), quote_identifier(after.name)));
  if (before.type != after.type)
    changes.push_back(
        fmt::format("{}: {} became {}", quote_identifier(after.name), type_of(before), type_of(after)));
  if (before.generated != after.generated)
    changes.push_back(fmt::format("{} is {} now", quote_identifier(after.name),
                                  after.generated ? "generated" : "an ordinary column"));
}

}  // namespace

std::vector<std::string> column_changes(const Layout& before, const Layout& after) {
  std::vector<std::string> changes;
  for (LayoutColumn const& column : before.columns) {
    const LayoutColumn* const now = after.by_id(column.id);
    if (now == nullptr)
      changes.push_back(fmt::format("{} dropped", quote_identifier(column.name)));
    else
      add_changes_of(column, *now, changes);
  }
  for (LayoutColumn const& column : after.columns)
    if (before.by_id(column.id) == nullptr)
      changes.push_back(fmt::format("{} added: {}", quote_identifier(column.name), type_of(column)));
  return changes;
}

std::string changes_json(const std::vector<std::string>& changes) {
  return Json(changes).dump();
}

}  // namespace deal::audit
