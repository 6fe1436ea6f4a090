#include "server/audit/row_probe.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/encode.hpp"
#include "server/audit/key_values.hpp"
#include "server/audit/typed_value.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "access/table.h"
#include "parser/parse_type.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

std::vector<int> identity_slots(const LogSource& source) {
  if (!source.key.empty()) return source.key;
  std::vector<int> slots;
  for (int slot = 0; slot < source.columns->count(); ++slot)
    if (source.recorded[static_cast<size_t>(slot)]) slots.push_back(slot);
  return slots;
}

Error wrong_key(const LogSource& source, const std::vector<int>& slots, const std::string& why) {
  std::string names;
  for (int const slot : slots)
    names += (names.empty() ? "" : ", ") + quote_identifier(source.columns->at(slot).name);
  return Error("22023", why)
      .hint(fmt::format("{} {}: {}. Give them as an object, like {{\"{}\": ...}}.",
                        source.key.empty() ? "There is no key, so a row of" : "The key columns of",
                        source.name, names, source.columns->at(slots.front()).name));
}

/// The members of the key by slot, as values of a fake image.
ImageFields read_key(const LogSource& source, const std::vector<int>& slots, Jsonb* key) {
  ImageShape shape{0, nullptr};
  std::vector<audit::NamedSlot> names;
  names.reserve(slots.size());
  for (int const slot : slots)
    names.push_back({source.columns->at(slot).name, slot});
  std::ranges::sort(names, audit::jsonb_less, &audit::NamedSlot::name);
  return pg::call([&] {
    shape.columns = static_cast<ImageColumn*>(palloc0(sizeof(ImageColumn) * (names.size() + 1)));
    for (audit::NamedSlot const& name : names)
      shape.columns[shape.count++] = {name.name.data(), static_cast<int>(name.name.size()), name.slot, false,
                                      false};
    return read_image(key, shape);
  });
}

/// The key as fields, one for each slot.
std::vector<LoggedValue> key_members(const LogSource& source, const std::vector<int>& slots, Datum datum) {
  Jsonb* const key = pg::call([&] { return DatumGetJsonbPCopy(datum); });
  if (!JB_ROOT_IS_OBJECT(key)) {
    if (slots.size() != 1 || source.key.empty() || !JB_ROOT_IS_SCALAR(key))
      throw wrong_key(source, slots, "the key of a row must be a JSON object");
    LoggedValue value{};
    pg::call([&] { (void)JsonbExtractScalar(&key->root, &value.value); });
    return {value};
  }
  ImageFields const given = read_key(source, slots, key);
  if (given.count < static_cast<int>(slots.size()))
    throw wrong_key(source, slots, "the key of the row is not complete");
  if (static_cast<int>(JB_ROOT_COUNT(key)) > given.count)
    throw wrong_key(source, slots, "the key has columns that don't belong to it");
  std::vector<LoggedValue> members;
  for (int const slot : slots)
    for (int i = 0; i < given.count; ++i)
      if (given.fields[i].slot == slot) members.push_back(logged(given.fields[i].value));
  return members;
}

/// Types of the columns, as they are now.
TupleDesc shape_of(const LogSource& source, const std::vector<int>& slots) {
  return pg::call([&] {
    Relation const opened = table_open(source.relation, AccessShareLock);
    TupleDesc const shape = CreateTemplateTupleDesc(static_cast<int>(slots.size()));
    for (size_t i = 0; i < slots.size(); ++i)
      TupleDescCopyEntry(shape, static_cast<AttrNumber>(i + 1), RelationGetDescr(opened),
                         static_cast<AttrNumber>(source.columns->at(slots[i]).number));
    table_close(opened, NoLock);
    return shape;
  });
}

/// The probe's values once more as an image, which has them as the log does.
ImageFields image_of(const LogSource& source, const std::vector<int>& slots, TupleDesc shape,
                     const Datum* values, const bool* nulls) {
  std::vector<EncodedColumn> columns;
  std::vector<audit::NamedSlot> names;
  for (size_t i = 0; i < slots.size(); ++i) {
    audit::Column const& column = source.columns->at(slots[i]);
    columns.push_back({static_cast<AttrNumber>(i + 1), column.treatment});
    names.push_back({column.name, slots[i]});
  }
  std::ranges::sort(names, audit::jsonb_less, &audit::NamedSlot::name);
  std::string const& salt = source.table.salt;
  return pg::call([&] {
    ImageShape image{static_cast<int>(names.size()), nullptr};
    image.columns = static_cast<ImageColumn*>(palloc0(sizeof(ImageColumn) * (names.size() + 1)));
    for (size_t i = 0; i < names.size(); ++i)
      image.columns[i] = {names[i].name.data(), static_cast<int>(names[i].name.size()), names[i].slot, false,
                          true};
    RowEncoder* const encoder = make_row_encoder(shape, columns.data(), static_cast<int>(columns.size()),
                                                 salt.data(), salt.size(), CurrentMemoryContext);
    return read_image(reinterpret_cast<Jsonb*>(encode_row(encoder, values, nulls, nullptr)), image);
  });
}

int64 row_key_of(const LogSource& source, const Oid* types, const Datum* values, const bool* nulls,
                 int count) {
  return pg::call([&] {
    audit::RowKey key;
    for (int i = 0; i < count; ++i) {
      KeyColumn column;
      set_key_column(column, static_cast<AttrNumber>(i + 1), types[i], CurrentMemoryContext);
      add_key_value(key, column, values[i], nulls[i]);
    }
    return key.value(source.table.table);
  });
}

/// A value as it stands in JSON, but without quotes.
char* text_of(const JsonbValue& value) {
  if (value.type == jbvString) return pnstrdup(value.val.string.val, static_cast<Size>(value.val.string.len));
  JsonbValue copy = value;
  return JsonbToCString(nullptr, &JsonbValueToJsonb(&copy)->root, 0);
}

/// The row key that the log gave this row when its key columns had the types of an older layout; nothing
/// where these types are gone or can't read the values.
std::optional<int64> earlier_row_key(const LogSource& source, const audit::Layout& layout,
                                     const ImageFields& image) {
  std::vector<std::string> types;
  for (int const slot : source.key) {
    const audit::LayoutColumn* const column = layout.by_id(source.columns->at(slot).id);
    if (column == nullptr) return std::nullopt;
    types.push_back(column->type);
  }
  std::optional<int64> found;
  (void)pg::attempt(pg::OnSuccess::roll_back, [&] {
    std::vector<Oid> oids(types.size());
    std::vector<Datum> values(types.size());
    auto const nulls = std::make_unique<bool[]>(types.size());
    for (size_t i = 0; i < types.size(); ++i) {
      const JsonbValue* value = nullptr;
      for (int field = 0; field < image.count; ++field)
        if (image.fields[field].slot == source.key[i]) value = &logged(image.fields[field].value).value;
      nulls[i] = value == nullptr || value->type == jbvNull;
      pg::call([&] {
        int32 modifier = -1;
#if PG_VERSION_NUM >= 160000
        (void)parseTypeString(types[i].c_str(), &oids[i], &modifier, nullptr);
#else
        parseTypeString(types[i].c_str(), &oids[i], &modifier, false);
#endif
        if (nulls[i]) return;
        Oid input = InvalidOid;
        Oid parameter = InvalidOid;
        getTypeInputInfo(oids[i], &input, &parameter);
        values[i] = OidInputFunctionCall(input, text_of(*value), parameter, modifier);
      });
    }
    found = row_key_of(source, oids.data(), values.data(), nulls.get(), static_cast<int>(types.size()));
  });
  return found;
}

/// Where the whole row is the key: the image as a layout would have it.
int64 whole_row_key(const LogSource& source, const audit::Layout& layout, const ImageFields& image) {
  struct Member {
    const char* name;
    int size;
    const JsonbValue* value;
  };
  std::vector<Member> members;
  for (audit::LayoutColumn const& column : layout.columns) {
    if (column.treatment == audit::Treatment::ignored) continue;
    int const slot = source.columns->slot_of_id(column.id);
    const JsonbValue* value = nullptr;
    for (int field = 0; field < image.count; ++field)
      if (image.fields[field].slot == slot) value = &logged(image.fields[field].value).value;
    members.push_back({column.name.data(), static_cast<int>(column.name.size()), value});
  }
  return pg::call([&] {
    static constexpr JsonbValue kNull{jbvNull, {}};
    ObjectBuilder object = begin_object();
    for (Member const& member : members)
      add_to_object(object, member.name, member.size, member.value != nullptr ? *member.value : kNull);
    Jsonb* const jsonb = end_object(object);
    audit::RowKey key;
    key.add_bytes({VARDATA(jsonb), VARSIZE(jsonb) - VARHDRSZ});
    return key.value(source.table.table);
  });
}

bool same_key_types(const LogSource& source, const audit::Layout& layout) {
  return std::ranges::all_of(source.key, [&](int slot) {
    const audit::LayoutColumn* const column = layout.by_id(source.columns->at(slot).id);
    return column != nullptr && column->type == source.columns->at(slot).type;
  });
}

void add_row_keys(const LogSource& source, const ImageFields& image, RowProbe& probe) {
  std::vector<std::vector<std::string>> seen;
  for (NotedLayout const& noted : source.layouts) {
    audit::Layout const& layout = noted.stored.layout;
    std::optional<int64> key;
    if (source.key.empty())
      key = whole_row_key(source, layout, image);
    else if (!same_key_types(source, layout))
      key = earlier_row_key(source, layout, image);
    if (key && std::ranges::find(probe.row_keys, *key) == probe.row_keys.end())
      probe.row_keys.push_back(*key);
  }
}

}  // namespace

RowProbe probe_row(const LogSource& source, const pg::Value& key, MemoryContext keep) {
  std::vector<int> const slots = identity_slots(source);
  if (key.null) throw wrong_key(source, slots, "the key of a row must not be null");
  if (slots.empty()) throw Error("22023", "no column of " + source.name + " is recorded");
  pg::InContext const kept(keep);
  pg::AsRole const as_owner(source.owner);
  std::vector<LoggedValue> const members = key_members(source, slots, key.datum);
  TupleDesc const shape = shape_of(source, slots);
  size_t const count = slots.size();
  std::vector<Datum> values(count);
  std::vector<Oid> types(count);
  auto const nulls = std::make_unique<bool[]>(count);
  TypedColumn* const typed = pg::call([&] { return typed_columns(shape, source.relation, keep); });
  for (size_t i = 0; i < count; ++i) {
    types[i] = typed[i].type;
    bool const hashed_already = members[i].hidden;
    values[i] =
        pg::call([&] { return hashed_already ? Datum{0} : typed_value(members[i], typed[i], &nulls[i]); });
    if (nulls[i] && !source.key.empty()) throw wrong_key(source, slots, "a key column must not be null");
  }
  ImageFields const image = image_of(source, slots, shape, values.data(), nulls.get());
  RowProbe probe;
  probe.image = image;
  RowIdentity const identity = identity_of(source, keep);
  StringInfoData const text = pg::call([&] { return identity_text(identity, image); });
  probe.identity.assign(text.data, static_cast<size_t>(text.len));
  if (!source.key.empty()) {
    probe.row_keys.push_back(
        row_key_of(source, types.data(), values.data(), nulls.get(), static_cast<int>(count)));
    for (size_t i = 0; i < count; ++i)
      probe.values.push_back({types[i], {values[i], nulls[i]}});
  }
  add_row_keys(source, image, probe);
  return probe;
}

}  // namespace deal::server
