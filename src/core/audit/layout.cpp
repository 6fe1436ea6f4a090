#include "core/audit/layout.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace deal::audit {

namespace {

struct TreatmentName {
  Treatment treatment;
  const char* key;
};
constexpr TreatmentName kTreatments[] = {
    {Treatment::ignored, "ignored"}, {Treatment::redacted, "redacted"}, {Treatment::hashed, "hashed"}};

bool is_protected(const LayoutColumn& column) {
  return column.treatment == Treatment::redacted || column.treatment == Treatment::hashed;
}

int greatest_id(const Layout& layout) {
  int greatest = 0;
  for (LayoutColumn const& column : layout.columns)
    greatest = std::max(greatest, column.id);
  return greatest;
}

const LayoutColumn* by_number(const Layout& layout, int number) {
  auto const found = std::ranges::find(layout.columns, number, &LayoutColumn::number);
  return found == layout.columns.end() ? nullptr : &*found;
}

}  // namespace

const LayoutColumn* Layout::by_id(int id) const {
  auto const found = std::ranges::find(columns, id, &LayoutColumn::id);
  return found == columns.end() ? nullptr : &*found;
}

const LayoutColumn* Layout::by_name(std::string_view name) const {
  auto const found =
      std::ranges::find_if(columns, [&](const LayoutColumn& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

std::string layout_json(const Layout& layout) {
  Json columns = Json::array();
  for (LayoutColumn const& column : layout.columns) {
    Json entry = {{"id", column.id}, {"number", column.number}, {"name", column.name}, {"type", column.type}};
    if (column.generated) entry["generated"] = true;
    for (auto const& [treatment, key] : kTreatments)
      if (column.treatment == treatment) entry[key] = true;
    columns.push_back(std::move(entry));
  }
  return Json{{"last_number", layout.last_number}, {"columns", std::move(columns)}}.dump();
}

Layout parse_layout(const std::string& json) {
  try {
    Json const document = Json::parse(json);
    Layout layout;
    layout.last_number = document.at("last_number").get<int>();
    for (Json const& entry : document.at("columns")) {
      LayoutColumn column;
      column.id = entry.at("id").get<int>();
      column.number = entry.at("number").get<int>();
      column.name = entry.at("name").get<std::string>();
      column.type = entry.at("type").get<std::string>();
      column.generated = entry.value("generated", false);
      for (auto const& [treatment, key] : kTreatments)
        if (entry.value(key, false)) column.treatment = treatment;
      layout.columns.push_back(std::move(column));
    }
    return layout;
  } catch (const Json::exception& error) {
    throw Error("22023", std::string("this is no layout of an audited table: ") + error.what());
  }
}

void continue_layout(Layout& current, const Layout& earlier) {
  // A number that is used up counts even if its column was dropped before anybody saw it: so two sessions
  // that start from the same layout agree on what comes after.
  int const first_new = std::max(greatest_id(earlier), earlier.last_number);
  for (LayoutColumn& column : current.columns) {
    if (const LayoutColumn* const same = by_number(earlier, column.number)) {
      column.id = same->id;
      column.treatment = same->treatment;
    } else {
      column.id = first_new + column.number - earlier.last_number;
    }
  }
}

void adopt_layout(Layout& current, const Layout& model) {
  int next_id = std::max(greatest_id(model), model.last_number) + 1;
  std::vector<LayoutColumn*> unknown;
  for (LayoutColumn& column : current.columns) {
    const LayoutColumn* const same = model.by_name(column.name);
    if (same == nullptr) {
      column.id = next_id++;
      unknown.push_back(&column);
      continue;
    }
    column.id = same->id;
    column.treatment = same->treatment;
  }
  bool const one_is_missing = std::ranges::any_of(model.columns, [&](const LayoutColumn& column) {
    return is_protected(column) && current.by_id(column.id) == nullptr;
  });
  if (!one_is_missing) return;
  for (LayoutColumn* column : unknown)
    column->treatment = Treatment::redacted;
}

void follow_table(Layout& current, const Layout& table, const Layout* earlier) {
  constexpr int kOwnColumns = 1'000'000;  // beyond every attribute number
  for (LayoutColumn& column : current.columns) {
    const LayoutColumn* same = table.by_name(column.name);
    if (same == nullptr && earlier != nullptr) same = by_number(*earlier, column.number);
    column.id = same != nullptr ? same->id : kOwnColumns + column.number;
    if (same != nullptr) column.treatment = same->treatment;
  }
}

bool same_layout(const Layout& one, const Layout& other) {
  return one.last_number == other.last_number && one.columns == other.columns;
}

}  // namespace deal::audit
