#include "core/audit/key_match.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/quote.hpp"

namespace deal::audit {

namespace {

[[noreturn]] void refuse_key(const std::vector<int>& ids, const Layout& layout) {
  std::string names;
  for (int const id : ids)
    if (const LayoutColumn* const column = layout.by_id(id))
      names += (names.empty() ? "" : ", ") + quote_identifier(column->name);
  throw Error("22023", "the key does not name the columns that tell rows apart")
      .hint(ids.empty() ? "Give an object of columns of the row."
                        : "Give an object with the columns " + names + ".");
}

std::string literal(const std::string& json) {
  return quote_literal(json) + "::jsonb";
}

/// The key by the names of a layout; empty if it lacks a column.
std::string named(const KeyValues& key, const Layout& layout) {
  Json object = Json::object();
  for (auto const& [id, value] : key) {
    const LayoutColumn* const column = layout.by_id(id);
    if (column == nullptr) return {};
    object[column->name] = Json::parse(value);
  }
  return object.dump();
}

}  // namespace

KeyValues parse_key(const std::string& json, const std::vector<int>& ids, const Layout& layout) {
  Json const given = Json::parse(json);
  KeyValues key;
  if (!given.is_object()) {
    if (ids.size() != 1 || given.is_array()) refuse_key(ids, layout);
    key[ids.front()] = given.dump();
    return key;
  }
  for (auto const& [name, value] : given.items()) {
    const LayoutColumn* const column = layout.by_name(name);
    bool const wanted = column != nullptr && (ids.empty() || std::ranges::find(ids, column->id) != ids.end());
    if (!wanted) refuse_key(ids, layout);
    key[column->id] = value.dump();
  }
  if (key.empty() || (!ids.empty() && key.size() != ids.size())) refuse_key(ids, layout);
  return key;
}

std::string key_in_image(const std::string& image, const std::vector<int>& ids, const Layout& layout,
                         const Layout& today) {
  Json const given = Json::parse(image);
  Json key = Json::object();
  for (int const id : ids) {
    const LayoutColumn* const then = layout.by_id(id);
    const LayoutColumn* const now = today.by_id(id);
    if (then != nullptr && given.contains(then->name))
      key[(now == nullptr ? then : now)->name] = given[then->name];
  }
  return key.dump();
}

std::string image_condition(const KeyValues& key, const std::vector<Layout>& layouts) {
  std::map<std::string, std::vector<int>> numbers;
  for (Layout const& layout : layouts)
    if (std::string const object = named(key, layout); !object.empty())
      numbers[object].push_back(layout.number);
  std::string condition;
  for (auto const& [object, of] : numbers)
    condition += fmt::format("{}(layout = any ('{{{}}}'::integer[]) and image @> {})",
                             condition.empty() ? "" : " or ", fmt::join(of, ","), literal(object));
  return condition.empty() ? "false" : "(" + condition + ")";
}

std::string history_condition(const KeyValues& key, const std::vector<HistoryPlace>& places,
                              const std::vector<Layout>& layouts) {
  std::string condition;
  for (auto const& [id, value] : key) {
    std::string one;
    for (HistoryPlace const& place : places)
      if (place.id == id)
        one += fmt::format("pg_catalog.to_jsonb({}) = {} or ", quote_identifier(place.name), literal(value));
    std::set<std::string> names;
    for (Layout const& layout : layouts)
      if (const LayoutColumn* const column = layout.by_id(id)) names.insert(column->name);
    for (std::string const& name : names)
      one += fmt::format("audit_rest -> {} = {} or ", quote_literal(name), literal(value));
    condition += fmt::format("{}({}false)", condition.empty() ? "" : " and ", one);
  }
  return condition;
}

}  // namespace deal::audit
