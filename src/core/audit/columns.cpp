#include "core/audit/columns.hpp"

#include <algorithm>

namespace deal::audit {

bool jsonb_less(std::string_view one, std::string_view other) noexcept {
  return one.size() != other.size() ? one.size() < other.size() : one < other;
}

Columns::Columns(const Layout& current, std::span<const Layout> layouts) {
  for (LayoutColumn const& column : current.columns) {
    add(column, false);
    columns_.back().number = column.number;
  }
  // From the newest on: a dropped column keeps the last name it had.
  for (std::size_t i = layouts.size(); i-- > 0;) {
    for (LayoutColumn const& column : layouts[i].columns) {
      int const slot = slot_of_id(column.id);
      if (slot < 0)
        add(column, true);
      else
        columns_[static_cast<std::size_t>(slot)].in_log = true;
    }
  }
  name_dropped();
}

void Columns::add(const LayoutColumn& column, bool in_log) {
  columns_.push_back({column.id, column.name, 0, column.type, column.generated, column.treatment, in_log});
}

void Columns::name_dropped() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].number != 0) continue;
    auto const taken = [&](const std::string& name) {
      return std::any_of(columns_.begin(), columns_.end(),
                         [&](const Column& other) { return &other != &columns_[i] && other.name == name; });
    };
    std::string const name = columns_[i].name;
    for (int tries = 1; taken(columns_[i].name); ++tries) {
      columns_[i].name = name + "_dropped";
      if (tries > 1) columns_[i].name += "_" + std::to_string(tries);
    }
  }
}

int Columns::slot_of_id(int id) const {
  auto const found = std::ranges::find(columns_, id, &Column::id);
  return found == columns_.end() ? -1 : static_cast<int>(found - columns_.begin());
}

int Columns::slot_of_name(std::string_view name) const {
  auto const found =
      std::ranges::find_if(columns_, [&](const Column& column) { return column.name == name; });
  return found == columns_.end() ? -1 : static_cast<int>(found - columns_.begin());
}

int Columns::slot_of_number(int number) const {
  auto const found = std::ranges::find(columns_, number, &Column::number);
  return found == columns_.end() ? -1 : static_cast<int>(found - columns_.begin());
}

bool Columns::any_dropped() const {
  return std::ranges::any_of(columns_, [](const Column& column) { return column.number == 0; });
}

std::vector<NamedSlot> Columns::names_of(const Layout& layout) const {
  std::vector<NamedSlot> names;
  names.reserve(layout.columns.size());
  for (LayoutColumn const& column : layout.columns)
    names.push_back({column.name, slot_of_id(column.id)});
  std::ranges::sort(names, jsonb_less, &NamedSlot::name);
  return names;
}

}  // namespace deal::audit
