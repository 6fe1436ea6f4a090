#include "server/audit/row_state.hpp"

#include <algorithm>

namespace deal::server {

namespace {

struct Member {
  const char* name;
  int size;
  const JsonbValue* value;
};

pg::Value object_of(const std::vector<Member>& members) {
  Datum const object = pg::call([&] {
    ObjectBuilder builder = begin_object();
    for (Member const& member : members)
      add_to_object(builder, member.name, member.size, *member.value);
    return JsonbPGetDatum(end_object(builder));
  });
  return {object, false};
}

void add_member(const LogSource& source, std::vector<Member>& members, int slot, audit::ValueRef value) {
  std::string const& name = source.columns->at(slot).name;
  members.push_back({name.data(), static_cast<int>(name.size()), &logged(value).value});
}

}  // namespace

std::vector<bool> columns_of_layout(const LogSource& source, int32 layout) {
  auto const found = std::ranges::find_if(
      source.layouts, [&](const NotedLayout& noted) { return noted.stored.layout.number == layout; });
  std::vector<bool> columns(static_cast<size_t>(source.columns->count()), found == source.layouts.end());
  if (found == source.layouts.end()) return columns;
  for (audit::LayoutColumn const& column : found->stored.layout.columns)
    columns[static_cast<size_t>(source.columns->slot_of_id(column.id))] = true;
  return columns;
}

pg::Value row_object(const LogSource& source, const audit::RowWalk& state, const std::vector<bool>& columns) {
  if (!state.exists()) return {};
  std::vector<Member> members;
  for (int slot = 0; slot < source.columns->count(); ++slot)
    if (columns[static_cast<size_t>(slot)] && state.value(slot) != nullptr)
      add_member(source, members, slot, state.value(slot));
  return object_of(members);
}

pg::Value field_object(const LogSource& source, std::span<const audit::Field> fields,
                       const std::vector<bool>& columns) {
  std::vector<Member> members;
  for (audit::Field const& field : fields)
    if (columns[static_cast<size_t>(field.slot)]) add_member(source, members, field.slot, field.value);
  return object_of(members);
}

std::vector<bool> changed_columns(const LogSource& source, const LoggedEvent& event) {
  std::vector<bool> changed(static_cast<size_t>(source.columns->count()), false);
  for (audit::Field const& field : event.fields())
    if (std::ranges::find(source.key, field.slot) == source.key.end())
      changed[static_cast<size_t>(field.slot)] = true;
  return changed;
}

pg::Value changed_names(const LogSource& source, const LoggedEvent& event) {
  if (event.op != audit::Op::update) return {};
  std::vector<bool> const changed = changed_columns(source, event);
  std::vector<std::string> names;
  for (size_t slot = 0; slot < changed.size(); ++slot)
    if (changed[slot]) names.push_back(source.columns->at(static_cast<int>(slot)).name);
  return pg::value(names);
}

}  // namespace deal::server
